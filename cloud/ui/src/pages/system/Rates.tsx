import type { Schemas } from "../../api/client";
import { NOTHING } from "../../format/formats";
import { useFormat } from "../../format/useFormat";
import { useLanguage } from "../../i18n/LanguageProvider";
import css from "./SystemPage.module.css";

export function Rates({ system }: { system: Schemas["SystemOut"] }) {
  const { t } = useLanguage();
  const f = useFormat();
  const rates = [
    [t.system.pointsPerS, f.decimal(system.points_per_s)],
    [t.system.batchesPerS, f.decimal(system.batches_per_s)],
    [t.system.pointsTotal, f.integer(system.points_total)],
    [t.system.commit, system.commit_ms_p99 === null ? NOTHING : `${f.decimal(system.commit_ms_p99)} ms`],
    [t.system.deriverLag, f.integer(system.deriver_lag)],
    [t.system.outbox, f.integer(system.outbox_pending)],
  ] as const;
  return (
    <dl className={`${css.rates} tabular`} aria-label={t.system.rates}>
      {rates.map(([name, value]) => (
        <div className={css.rate} key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
      <div className={css.rate}>
        <dt>{t.system.quarantined}</dt>
        <dd className={system.quarantined > 0 ? css.warn : ""}>{f.integer(system.quarantined)}</dd>
      </div>
    </dl>
  );
}
