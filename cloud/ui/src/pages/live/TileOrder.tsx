import type { Schemas } from "../../api/client";
import { useFormat } from "../../format/useFormat";
import { useLanguage } from "../../i18n/LanguageProvider";
import { Bar } from "../../parts/Bar";
import css from "./MachineTile.module.css";

/** The order that runs on the machine, for whom, and how far its operation has come. */
export function TileOrder({ running }: { running: Schemas["TileOrder"] | null }) {
  const { t } = useLanguage();
  const f = useFormat();
  if (running === null) return <div className={`${css.order} ${css.none}`}>{t.live.noOrder}</div>;
  const product = f.name(running.product_name);
  return (
    <div className={css.order}>
      <div className={css.row}>
        <span className={css.number}>{running.order}</span>
        <span className={css.cut} title={f.name(running.customer)}>{f.name(running.customer)}</span>
      </div>
      <div className={`${css.row} ${css.soft}`}>
        <span className={css.cut} title={product}>{product}</span>
        <span className={`${css.count} tabular`}>
          <b style={{ color: "var(--ink)" }}>{f.integer(running.good)}</b> / {f.integer(running.target)}
        </span>
      </div>
      <Bar label={t.live.progress} value={running.good} of={running.target} height={5} colour="var(--running-fill)" />
    </div>
  );
}
