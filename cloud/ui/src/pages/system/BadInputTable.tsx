import type { Schemas } from "../../api/client";
import { useFormat } from "../../format/useFormat";
import { useLanguage } from "../../i18n/LanguageProvider";
import { lookup } from "../../i18n/lookup";
import { Bar } from "../../parts/Bar";
import { PagedTable } from "../../parts/PagedTable";
import css from "./SystemPage.module.css";

/** Input that was refused or flagged, by kind, the most frequent first, with its newest example. */
export function BadInputTable({ counters }: { counters: Schemas["BadInput"][] }) {
  const { t } = useLanguage();
  const f = useFormat();
  if (counters.length === 0) return <p className={css.quiet}>{t.system.noBadInput}</p>;
  const columns = t.system.badColumns;
  const most = Math.max(...counters.map(({ count }) => count));
  return (
    <PagedTable
      label={t.system.badInput}
      isStacked
      rows={[...counters].sort((a, b) => b.count - a.count)}
      rowKey={({ kind }) => kind}
      columns={[
        { name: columns.kind, isHead: true, cell: ({ kind }) => lookup(t.system.badKinds, kind) },
        { name: columns.count, isRight: true, cell: ({ kind, count }) => <div className={css.counted}><b>{f.integer(count)}</b><Bar label={lookup(t.system.badKinds, kind)} value={count} of={most} height={4} colour="var(--starved-fill)" /></div> },
        { name: columns.last, cell: ({ last_at }) => f.dayTime(last_at) },
        { name: columns.example, cell: ({ example }) => <div className={css.long}>{example}</div> },
      ]}
    />
  );
}
