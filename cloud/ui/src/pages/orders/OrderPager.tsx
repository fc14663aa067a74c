import { Button, Group, Text } from "@mantine/core";
import { IconChevronLeft, IconChevronRight } from "@tabler/icons-react";
import { useFormat } from "../../format/useFormat";
import { useLanguage } from "../../i18n/LanguageProvider";

interface OrderPagerProps {
  total: number;
  number: number;
  /** Null where there is no such page. */
  onNewer: (() => void) | null;
  onOlder: (() => void) | null;
}

export function OrderPager({ total, number, onNewer, onOlder }: OrderPagerProps) {
  const { t } = useLanguage();
  const f = useFormat();
  return (
    <Group gap="sm" component="nav" aria-label={t.table.pages}>
      <Text fz="sm" c="var(--ink-soft)" className="tabular">{t.orders.total(f.integer(total))} · {t.orders.page(number)}</Text>
      <Button size="xs" variant="default" disabled={onNewer === null} onClick={() => onNewer?.()} leftSection={<IconChevronLeft size={14} />}>
        {t.orders.newer}
      </Button>
      <Button size="xs" variant="default" disabled={onOlder === null} onClick={() => onOlder?.()} rightSection={<IconChevronRight size={14} />}>
        {t.orders.older}
      </Button>
    </Group>
  );
}
