import { Button } from "@mantine/core";
import type { Schemas } from "../../api/client";
import { useFormat } from "../../format/useFormat";
import { useLanguage } from "../../i18n/LanguageProvider";
import { lookup } from "../../i18n/lookup";
import { PagedTable } from "../../parts/PagedTable";
import type { Column } from "../../parts/Rows";
import table from "../../parts/Table.module.css";
import { useMeanings } from "../downtime/useMeanings";
import { CounterRule } from "./CounterFields";
import css from "./SignalsPage.module.css";
import { COVERAGE_ROLE } from "./sources";

type Binding = Schemas["BindingOut"];

interface SignalTableProps {
  label: string;
  rows: Binding[];
  names: Map<string, string>;
  mayWrite: boolean;
  onOpen: (what: "change" | "end" | "history", row: Binding) => void;
}

/** The signals of one line. */
export function SignalTable({ label, rows, names, mayWrite, onOpen }: SignalTableProps) {
  const { t } = useLanguage();
  const f = useFormat();
  const { columns: titles } = t.signals;
  const columns: Column<Binding>[] = [
    { name: titles.source, isHead: true, cell: ({ machine, reader }) => <Source id={machine ?? reader} names={names} /> },
    { name: titles.role, cell: ({ role }) => lookup(t.signals.roles, role) },
    { name: titles.tag, cell: ({ tag }) => <div className={`${css.tag} ${table.mono}`}>{tag}</div> },
    { name: titles.codes, cell: ({ role, code_map, modulus, jitter }) => (code_map !== null ? <Codes role={role} codes={code_map} /> : <CounterRule modulus={modulus} jitter={jitter} />) },
    { name: titles.version, isRight: true, cell: ({ version }) => version },
    { name: titles.since, cell: ({ valid_from }) => (valid_from === null ? <span className={table.soft}>{t.signals.everSince}</span> : f.dayTimeWithSeconds(valid_from)) },
    {
      name: titles.action,
      isRight: true,
      cell: (row) => (
        <div className={css.actions}>
          {mayWrite && row.role !== COVERAGE_ROLE && (
            <>
              <Button variant="default" size="compact-xs" aria-label={t.signals.changeOf(row.tag)} onClick={() => onOpen("change", row)}>{t.signals.change}</Button>
              <Button variant="default" size="compact-xs" aria-label={t.signals.endOf(row.tag)} onClick={() => onOpen("end", row)}>{t.signals.end}</Button>
            </>
          )}
          <Button variant="subtle" size="compact-xs" aria-label={t.signals.historyOf(row.tag)} onClick={() => onOpen("history", row)}>{t.signals.history}</Button>
        </div>
      ),
    },
  ];
  return <PagedTable isStacked label={label} rows={rows} rowKey={({ tag }) => tag} columns={columns} />;
}

function Source({ id, names }: { id: string | null; names: Map<string, string> }) {
  return <div className={css.source}><b>{id}</b> <span className={table.soft}>{names.get(id ?? "")}</span></div>;
}

/** Which number of a signal means which state or reason. */
export function Codes({ role, codes }: { role: string; codes: Record<string, string> }) {
  const { meant } = useMeanings();
  return (
    <div className={css.codes}>
      {Object.entries(codes).map(([code, state]) => <span key={code}><span className={table.mono}>{code}</span> {meant(role, state)}</span>)}
    </div>
  );
}
