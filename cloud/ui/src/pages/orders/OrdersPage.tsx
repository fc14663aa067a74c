import { Group, Skeleton, Stack } from "@mantine/core";
import { IconClipboardOff } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useState } from "react";
import { ordersQuery } from "../../api/queries";
import { useLanguage } from "../../i18n/LanguageProvider";
import { Empty } from "../../parts/Empty";
import { Loaded } from "../../parts/Loaded";
import { PageHead } from "../../parts/PageHead";
import { OrderFilter } from "./OrderFilter";
import { OrderList } from "./OrderList";
import { OrderPager } from "./OrderPager";

const PAGE_SIZE = 25;

/** All customer orders, newest first, found by words and status. */
export function OrdersPage() {
  const { t } = useLanguage();
  const search = useSearch({ from: "/inside/orders" });
  const navigate = useNavigate({ from: "/orders" });
  // The server pages by cursor; the cursors of the pages passed are the way back.
  const [passed, setPassed] = useState<{ of: string; cursors: string[] }>({ of: "", cursors: [] });
  const of = JSON.stringify(search);
  const cursors = passed.of === of ? passed.cursors : [];
  const after = cursors.at(-1);
  const query = useQuery(ordersQuery({ limit: PAGE_SIZE, ...search, ...(after === undefined ? {} : { after }) }));
  return (
    <>
      <PageHead title={t.orders.title}>
        <OrderFilter search={search} onSearch={(next) => void navigate({ search: next, replace: true })} />
      </PageHead>
      <Loaded query={query} skeleton={<OrdersSkeleton />}>
        {(page) =>
          page.items.length === 0 ? (
            <Empty icon={IconClipboardOff} title={t.orders.empty} hint={t.orders.emptyHint} />
          ) : (
            <>
              <OrderList orders={page.items} />
              <Group justify="flex-end" mt="md">
                <OrderPager
                  total={page.total}
                  number={cursors.length + 1}
                  onNewer={cursors.length === 0 ? null : () => setPassed({ of, cursors: cursors.slice(0, -1) })}
                  onOlder={page.next === null ? null : () => setPassed({ of, cursors: [...cursors, page.next ?? ""] })}
                />
              </Group>
            </>
          )
        }
      </Loaded>
    </>
  );
}

function OrdersSkeleton() {
  return (
    <Stack gap={8}>
      {Array.from({ length: 10 }, (_, n) => <Skeleton key={n} h={52} radius={10} />)}
    </Stack>
  );
}
