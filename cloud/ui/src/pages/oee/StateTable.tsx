import { Text } from "@mantine/core";
import type { Schemas } from "../../api/client";
import { useFormat } from "../../format/useFormat";
import { useLanguage } from "../../i18n/LanguageProvider";
import { lookup } from "../../i18n/lookup";
import { PagedTable } from "../../parts/PagedTable";
import { StateMark } from "../../parts/StateMark";
import table from "../../parts/Table.module.css";

export function StateTable({ states, onOpen }: { states: Schemas["StateSegment"][]; onOpen: (segment: Schemas["StateSegment"]) => void }) {
  const { t } = useLanguage();
  const f = useFormat();
  if (states.length === 0) return <Text c="var(--ink-soft)" py="md">{t.oee.noSegments}</Text>;
  const seconds = ({ start, end }: { start: string; end: string }) => (Date.parse(end) - Date.parse(start)) / 1000;
  const sum = states.reduce((total, each) => total + seconds(each), 0);
  const { columns } = t.oee;
  return (
    <>
      <Text fz="sm" mb={4} className="tabular">{t.oee.sum} <b>{f.machineTime(sum)}</b></Text>
      <PagedTable
        label={t.oee.states}
        rows={states}
        rowKey={({ start }) => start}
        columns={[
          { name: columns.state, cell: ({ state }) => <StateMark state={state} isSmall /> },
          { name: columns.length, isRight: true, cell: (each) => f.machineTime(seconds(each)) },
          { name: columns.start, cell: (each) => <button type="button" className={table.open} aria-label={t.oee.openSegment(lookup(t.states, each.state), f.dayTimeWithSeconds(each.start))} onClick={() => onOpen(each)}>{f.dayTimeWithSeconds(each.start)}</button> },
          { name: columns.end, cell: ({ end }) => f.timeWithSeconds(end) },
          {
            name: columns.category,
            cell: ({ category, planned }) => lookup(t.losses, category) + (planned || category === "unplanned" ? "" : ` · ${t.oee.unplannedShort}`),
          },
        ]}
      />
    </>
  );
}
