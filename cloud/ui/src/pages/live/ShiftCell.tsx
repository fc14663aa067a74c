import type { Schemas } from "../../api/client";
import { useFormat } from "../../format/useFormat";
import { useLanguage } from "../../i18n/LanguageProvider";
import { usePlantNow } from "../../live/usePlantNow";
import { Bar } from "../../parts/Bar";
import css from "./PlantSummary.module.css";

/** The running shift and how far it has gone. */
export function ShiftCell({ live }: { live: Schemas["LivePlant"] }) {
  const { t } = useLanguage();
  const f = useFormat();
  const now = usePlantNow() ?? Date.parse(live.plant_now);
  const { shift_start: start, shift_end: end, shift_name: name } = live;
  return (
    <div className={css.cell}>
      <span className={css.label}>
        {t.live.shift}
        {live.in_break && <b>{t.live.inBreak}</b>}
      </span>
      <span className={css.value}>
        {name === null ? t.live.noShift : f.name(name)}
        {end !== null && <span className={`${css.small} tabular`}>{t.live.shiftEnds(f.time(end))}</span>}
      </span>
      {start !== null && end !== null && (
        <div className={css.shift}>
          <Bar
            label={t.live.shift}
            value={Math.round((now - Date.parse(start)) / 60_000)}
            of={Math.round((Date.parse(end) - Date.parse(start)) / 60_000)}
          />
        </div>
      )}
    </div>
  );
}
