import type { Schemas } from "../../api/client";
import { NOTHING } from "../../format/formats";
import { useFormat } from "../../format/useFormat";
import { useLanguage } from "../../i18n/LanguageProvider";
import css from "./Freshness.module.css";
import { byAge, MARKS_S, reach } from "./watermarkAge";

const SHOWN = 8;
const LATE_S = 30;
const LOST_S = 300;

/** How long ago the newest batch of each gateway was stored, the longest first, on a scale from seconds to hours. */
export function Freshness({ gateways }: { gateways: Schemas["GatewayOut"][] }) {
  const { t } = useLanguage();
  const f = useFormat();
  const rows = byAge(gateways);
  const more = rows.length - SHOWN;
  if (rows.length === 0) return <p className={css.none}>{t.system.noGateways}</p>;
  return (
    <div className={css.frame}>
      <ul className={css.list} aria-label={t.system.freshness.title}>
        {rows.slice(0, SHOWN).map(({ group, node, watermark, watermark_age_s: age }) => (
          <li key={`${group}/${node}`}>
            <span className={css.name} title={`${group}/${node}`}>{node}</span>
            <span className={css.track} aria-hidden>
              {MARKS_S.map((mark) => <i key={mark} style={{ left: `${100 * reach(mark)}%` }} />)}
              {age !== null && <span className={css.bar} style={{ width: `${Math.max(1.5, 100 * reach(age))}%`, background: `var(--${colourOf(age)}-fill)` }} />}
            </span>
            <span className={`${css.age} tabular`} style={age === null ? undefined : { color: `var(--${colourOf(age)})` }}>
              {age === null ? NOTHING : sayAge(age)}
              <small>{watermark === null ? t.system.freshness.noWatermark : t.system.freshness.watermark(f.integer(watermark))}</small>
            </span>
          </li>
        ))}
      </ul>
      <div className={`${css.marks} tabular`} aria-hidden>
        <span>{MARKS_S.map((mark) => <i key={mark} style={{ left: `${100 * reach(mark)}%` }}>{f.shortDuration(mark)}</i>)}</span>
      </div>
      {more > 0 && <p className={css.more}>{t.system.freshness.more(f.integer(more))}</p>}
    </div>
  );

  function sayAge(age: number): string {
    return age < 10 ? t.standards.seconds(f.decimal(age)) : f.shortDuration(age);
  }
}

function colourOf(age: number): string {
  return age < LATE_S ? "running" : age < LOST_S ? "starved" : "breakdown";
}
