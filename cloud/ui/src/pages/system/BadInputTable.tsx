import type { Schemas } from "../../api/client";
import { useFormat } from "../../format/useFormat";
import { useLanguage } from "../../i18n/LanguageProvider";
import { lookup } from "../../i18n/lookup";
import { PagedTable } from "../../parts/PagedTable";
import css from "./SystemPage.module.css";

/** Input that was refused or flagged, by kind, with its newest example. */
export function BadInputTable({ counters }: { counters: Schemas["BadInput"][] }) {
  const { t } = useLanguage();
  const f = useFormat();
  if (counters.length === 0) return <p className={css.quiet}>{t.system.noBadInput}</p>;
  const columns = t.system.badColumns;
  return (
    <PagedTable
      label={t.system.badInput}
      rows={counters}
      rowKey={({ kind }) => kind}
      columns={[
        { name: columns.kind, cell: ({ kind }) => lookup(t.system.badKinds, kind) },
        { name: columns.count, isRight: true, cell: ({ count }) => <b>{f.integer(count)}</b> },
        { name: columns.last, cell: ({ last_at }) => f.dayTime(last_at) },
        { name: columns.example, cell: ({ example }) => <div className={css.long}>{example}</div> },
      ]}
    />
  );
}
