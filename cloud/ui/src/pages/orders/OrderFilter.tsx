import { CloseButton, Group, Select, TextInput } from "@mantine/core";
import { useDebouncedCallback } from "@mantine/hooks";
import { IconSearch } from "@tabler/icons-react";
import { useState } from "react";
import type { OrdersSearch } from "../../app/search";
import { ORDER_STATUSES } from "../../app/search";
import { useLanguage } from "../../i18n/LanguageProvider";
import { lookup } from "../../i18n/lookup";

interface OrderFilterProps {
  search: OrdersSearch;
  onSearch: (search: OrdersSearch) => void;
}

export function OrderFilter({ search, onSearch }: OrderFilterProps) {
  const { t } = useLanguage();
  const [typed, setTyped] = useState(search.q ?? "");
  const ask = useDebouncedCallback((q: string) => onSearch({ ...without(search, "q"), ...(q === "" ? {} : { q }) }), 300);
  const type = (q: string) => {
    setTyped(q);
    ask(q.trim());
  };
  return (
    <Group gap="sm" w={{ base: "100%", sm: "auto" }} wrap="wrap">
      <TextInput
        type="search"
        aria-label={t.orders.search}
        placeholder={t.orders.search}
        leftSection={<IconSearch size={16} aria-hidden />}
        rightSection={typed === "" ? null : <CloseButton size="sm" aria-label={t.close} onClick={() => type("")} />}
        value={typed}
        onChange={(event) => type(event.currentTarget.value)}
        w={{ base: "100%", sm: 290 }}
      />
      <Select
        aria-label={t.orders.status}
        value={search.status ?? "all"}
        onChange={(status) => onSearch({ ...without(search, "status"), ...(status === null || status === "all" ? {} : { status: status as OrdersSearch["status"] }) })}
        allowDeselect={false}
        data={[
          { value: "all", label: t.orders.all },
          ...ORDER_STATUSES.map((value) => ({ value, label: lookup(t.orders.statuses, value) })),
        ]}
        w={{ base: "100%", sm: 160 }}
      />
    </Group>
  );
}

function without(search: OrdersSearch, key: keyof OrdersSearch): OrdersSearch {
  const rest = { ...search };
  delete rest[key];
  return rest;
}
