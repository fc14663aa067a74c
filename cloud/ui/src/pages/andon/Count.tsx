import type { Schemas } from "../../api/client";
import { useFormat } from "../../format/useFormat";
import { useLanguage } from "../../i18n/LanguageProvider";
import { lookup } from "../../i18n/lookup";
import { Bar } from "../../parts/Bar";
import css from "./Andon.module.css";
import { ahead } from "./slides";

interface CountProps {
  good: number;
  rejected: number;
  target: Schemas["AndonTarget"] | null;
}

/** Good parts of the shift against what should have been made by now. */
export function Count({ good, rejected, target }: CountProps) {
  const { t } = useLanguage();
  const f = useFormat();
  const lead = ahead(good, target);
  const colour = lead === null ? "var(--brand)" : lead < 0 ? "var(--starved-fill)" : "var(--running-fill)";
  return (
    <section className={css.count} aria-label={t.andon.count}>
      <h2>{t.andon.count}</h2>
      <p className={`${css.huge} tabular`}>
        {f.integer(good)}
        {lead !== null && <b className={css.lead} style={{ color: lead < 0 ? "var(--starved)" : "var(--running)" }}>{lead < 0 ? "−" : "+"}{f.integer(Math.abs(lead))}</b>}
      </p>
      {target !== null && lead !== null && (
        <>
          <Bar label={t.andon.count} value={good} of={target.parts} height={18} colour={colour} />
          <p className={`${css.target} tabular`}>{lookup(t.andon.targets, target.by)} <b>{f.integer(target.parts)}</b></p>
        </>
      )}
      <p className={`${css.soft} tabular`}>{t.live.rejected(f.integer(rejected))}</p>
    </section>
  );
}
