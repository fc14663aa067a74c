import { useFormat } from "../../format/useFormat";
import { useLanguage } from "../../i18n/LanguageProvider";
import { Coverage } from "../../parts/Coverage";
import css from "./Andon.module.css";
import { isBelow } from "./slides";

interface FiguresProps {
  figure: { oee: number | null; availability: number | null; effectiveness: number | null; quality: number | null; coverage: number | null };
  target?: number | null;
  /** Whether a sign stands for the word coverage. */
  isShort?: boolean;
}

/** OEE of the shift with its factors; how much of it was watched, when that is not all. */
export function Figures({ figure, target = null, isShort = false }: FiguresProps) {
  const { t } = useLanguage();
  const f = useFormat();
  return (
    <section className={css.figures} aria-label={t.figures.oee}>
      <h2>OEE{target !== null && <small>{t.andon.aim(f.wholePercent(target))}</small>}</h2>
      <p className={`${css.big} tabular`} style={isBelow(figure.oee, target) ? { color: "var(--starved)" } : undefined}>{f.percent(figure.oee)}</p>
      <dl className="tabular">
        {(["availability", "effectiveness", "quality"] as const).map((name) => (
          <div key={name}>
            <dt aria-label={t.figures[name]}>{t.oee.heat.short[name]}</dt>
            <dd>{f.wholePercent(figure[name])}</dd>
          </div>
        ))}
      </dl>
      <Coverage of={figure} isAlike isShort={isShort} />
    </section>
  );
}
