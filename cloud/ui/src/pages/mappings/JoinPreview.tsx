import { Skeleton } from "@mantine/core";
import type { Schemas } from "../../api/client";
import { useFormat } from "../../format/useFormat";
import { useLanguage } from "../../i18n/LanguageProvider";
import { lookup } from "../../i18n/lookup";
import { PagedTable } from "../../parts/PagedTable";
import table from "../../parts/Table.module.css";
import { MappingFault } from "./MappingFault";
import css from "./MappingsPage.module.css";
import type { Plan } from "./usePlan";

type Signal = Schemas["MappedSignal"];

/** What a mapping would join, before it is made; nothing is changed by looking. */
export function JoinPreview({ plan: { query, isCurrent } }: { plan: Plan }) {
  const { t } = useLanguage();
  return (
    <section className={css.preview} aria-label={t.mappings.preview} aria-busy={!isCurrent && query.error === null}>
      <h3>{t.mappings.preview}</h3>
      {query.error !== null ? (
        <MappingFault error={query.error} />
      ) : query.data === undefined ? (
        <Skeleton h={90} radius={8} />
      ) : (
        <div className={isCurrent ? undefined : css.old}><Joins plan={query.data} /></div>
      )}
    </section>
  );
}

function Joins({ plan: { signals, valid_from } }: { plan: Schemas["TagMappingPlan"] }) {
  const { t } = useLanguage();
  const f = useFormat();
  const meant = signals.filter(({ role }) => role !== null).length;
  const silent = signals.filter(({ old, new: now, new_newest_at }) => old !== now && new_newest_at === null).length;
  const columns = t.mappings.planColumns;
  // What means something comes first: there a wrong pair would be noticed.
  const rows = [...signals].sort((a, b) => Number(a.role === null) - Number(b.role === null));
  return (
    <>
      <p>
        <b>{t.mappings.joins(f.integer(signals.length))}</b>
        {meant > 0 && <span>{t.mappings.goAlong(f.integer(meant))}</span>}
        {silent > 0 && <span>{t.mappings.silent(f.integer(silent))}</span>}
        {meant > 0 && <span>{t.mappings.derived(f.dateTime(valid_from))}</span>}
      </p>
      <PagedTable
        label={t.mappings.preview}
        rows={rows}
        pageSize={8}
        isStacked
        rowKey={({ new: now }) => now}
        columns={[
          { name: columns.signal, cell: (row) => <Addresses signal={row} /> },
          { name: columns.meaning, cell: ({ role, source }) => (role === null ? <span className={table.soft}>{t.mappings.noMeaning}</span> : <>{source} · {lookup(t.signals.roles, role)}</>) },
          { name: columns.old, cell: ({ old_newest_at }) => said(old_newest_at) },
          { name: columns.new, cell: ({ new_newest_at }) => said(new_newest_at) },
        ]}
      />
    </>
  );

  function said(at: string | null) {
    return at === null ? <span className={table.soft}>{t.mappings.neverSaid}</span> : f.dayTimeWithSeconds(at);
  }
}

function Addresses({ signal: { old, new: now } }: { signal: Signal }) {
  return (
    <div className={`${css.signal} ${table.mono}`}>
      {old}
      {old !== now && <div>→ {now}</div>}
    </div>
  );
}
