import type { Schemas } from "../../api/client";
import { useFormat } from "../../format/useFormat";
import { useLanguage } from "../../i18n/LanguageProvider";
import css from "./Downtime.module.css";

/** The shift's stops in three figures. */
export function Figures({ page }: { page: Schemas["DowntimePage"] }) {
  const { t } = useLanguage();
  const f = useFormat();
  const minor = page.minor.reduce((sum, { seconds, count }) => ({ seconds: sum.seconds + seconds, count: sum.count + count }), { seconds: 0, count: 0 });
  return (
    <dl className={`${css.figures} tabular`}>
      <div className={page.unassigned > 0 ? css.urgent : undefined}>
        <dt>{t.downtime.toExplain}</dt>
        <dd>{f.integer(page.unassigned)}</dd>
        <small>{f.machineTime(page.unassigned_s)}</small>
      </div>
      <div>
        <dt>{t.downtime.stops}</dt>
        <dd>{f.integer(page.total)}</dd>
        <small>{f.machineTime(page.lost_s)}</small>
      </div>
      <div>
        <dt>{t.downtime.minor}</dt>
        <dd>{f.integer(minor.count)}</dd>
        <small>{f.machineTime(minor.seconds)}</small>
      </div>
    </dl>
  );
}
