import type { Schemas } from "../../api/client";
import { useFormat } from "../../format/useFormat";
import { useLanguage } from "../../i18n/LanguageProvider";
import { PagedTable } from "../../parts/PagedTable";

/** The changes of product of one machine, from the last good part of the old to the first good part of the new one. */
export function ChangeoverTable({ changeovers }: { changeovers: Schemas["ChangeoverOut"][] }) {
  const { t } = useLanguage();
  const f = useFormat();
  const { columns } = t.indicators;
  return (
    <PagedTable
      isStacked
      label={t.indicators.changeovers}
      rows={changeovers}
      rowKey={({ start, to_product }) => `${start} ${to_product}`}
      columns={[
        { name: t.oee.columns.start, cell: ({ start }) => f.dayTime(start) },
        { name: t.oee.columns.end, cell: ({ end, done }) => (done ? f.time(end) : t.indicators.notDone) },
        { name: columns.from, cell: ({ from_product }) => from_product },
        { name: columns.to, cell: ({ to_product }) => to_product },
        { name: t.oee.columns.length, isRight: true, cell: ({ length_s }) => f.machineTime(length_s) },
        { name: columns.setup, isRight: true, cell: ({ setup_s }) => f.machineTime(setup_s) },
      ]}
    />
  );
}
