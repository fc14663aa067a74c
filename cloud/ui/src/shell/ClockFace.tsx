import { useFormat } from "../format/useFormat";
import { useLanguage } from "../i18n/LanguageProvider";
import { plantClock } from "../live/plantClock";
import { usePlantNow } from "../live/usePlantNow";
import css from "./ClockFace.module.css";

/** Plant time, with the speed when the plant does not run in real time. */
export function ClockFace() {
  const { t } = useLanguage();
  const f = useFormat();
  const speed = plantClock.speed;
  const now = usePlantNow(speed > 1 ? 250 : 1000);
  return (
    <div className={css.face} role="group" aria-label={t.clock.label}>
      {speed > 0 && speed !== 1 && (
        <span className={`${css.speed} tabular`} title={t.clock.speed(String(speed))}>×{speed}</span>
      )}
      <div>
        <div className={`${css.time} tabular`} data-testid="plant-time">
          {speed > 1 ? f.time(now) : f.timeWithSeconds(now)}
        </div>
        <div className={css.day}>{f.day(now)}</div>
      </div>
    </div>
  );
}
