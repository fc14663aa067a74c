import type { Schemas } from "../../api/client";
import { useFormat } from "../../format/useFormat";
import { useLanguage } from "../../i18n/LanguageProvider";
import { Bar } from "../../parts/Bar";
import css from "./Andon.module.css";

/** The order that runs, for whom, and how far it is. */
export function Order({ running }: { running: Schemas["TileOrder"] | null }) {
  const { t } = useLanguage();
  const f = useFormat();
  if (running === null) return <section className={css.order} aria-label={t.live.runningOrder}><p className={css.soft}>{t.live.noOrder}</p></section>;
  return (
    <section className={css.order} aria-label={t.live.runningOrder}>
      <p className={css.orderName}>
        <b>{running.order}</b> <span>{f.name(running.customer)}</span>
        <small><span>{f.name(running.product_name)}</span> <span>{t.live.due(f.dayTime(running.customer_due))}</span></small>
      </p>
      <p className={`${css.orderCount} tabular`}>{f.integer(running.good)}<small> / {f.integer(running.target)}</small></p>
      <div className={css.orderBar}><Bar label={t.live.progress} value={running.good} of={running.target} height={14} /></div>
    </section>
  );
}
