import type { Schemas } from "../../api/client";
import { useFormat } from "../../format/useFormat";
import { useLanguage } from "../../i18n/LanguageProvider";
import css from "./SystemPage.module.css";

/** What waits or was refused on the way from the broker to facts; what should be zero is marked when it is not. */
export function Rates({ system }: { system: Schemas["SystemOut"] }) {
  const { t } = useLanguage();
  const f = useFormat();
  const rates = [
    { name: t.system.batchesPerS, value: f.decimal(system.batches_per_s) },
    { name: t.system.deriverLag, value: f.integer(system.deriver_lag) },
    { name: t.system.outbox, value: f.integer(system.outbox_pending) },
    { name: t.system.leftWithGateways, value: f.integer(system.queue.left_with_gateways), isWarning: system.queue.left_with_gateways > 0 },
    { name: t.system.quarantined, value: f.integer(system.quarantined), isWarning: system.quarantined > 0 },
  ];
  return (
    <dl className={`${css.rates} tabular`} aria-label={t.system.waiting}>
      {rates.map(({ name, value, isWarning = false }) => (
        <div className={css.rate} key={name}>
          <dt>{name}</dt>
          <dd className={isWarning ? css.warn : ""}>{value}</dd>
        </div>
      ))}
    </dl>
  );
}
