import type { Schemas } from "../../api/client";
import { NOTHING } from "../../format/formats";
import { useFormat } from "../../format/useFormat";
import { useLanguage } from "../../i18n/LanguageProvider";
import { lookup } from "../../i18n/lookup";
import { LOSS_COLOURS, stateColours } from "../../parts/states";
import { waterfall } from "../oee/waterfall";
import css from "./Report.module.css";
import { Section } from "./Section";

/** From planned to effective time: minutes, share and parts of each loss, with a bar that also prints. */
export function LossRows({ figure }: { figure: Schemas["Figure"] }) {
  const { t } = useLanguage();
  const f = useFormat();
  const totals: Record<string, string> = { planned: t.oee.planned, observed: t.oee.observed, effective: t.oee.effective };
  const parts: Record<string, number> = { ...figure.losses_parts };
  return (
    <Section title={t.report.losses} isEmpty={figure.planned_s === 0} empty={t.oee.noPlanned}>
      <table className="tabular">
        <thead>
          <tr>
            <th scope="col">{t.oee.columns.category}</th>
            <th scope="col" aria-label={t.report.share} className={css.barColumn} />
            <th scope="col" data-right>{t.oee.columns.length}</th>
            <th scope="col" data-right>{t.report.share}</th>
            <th scope="col" data-right>{t.report.parts}</th>
          </tr>
        </thead>
        <tbody>
          {waterfall(figure).map(({ name, isTotal, seconds, from, to }) => (
            <tr key={name} data-total={isTotal || undefined}>
              <td>{totals[name] ?? lookup(t.losses, name)}</td>
              <td className={css.barColumn}>
                <span className={css.bar} style={{ marginLeft: `${from * 100}%`, width: `${(to - from) * 100}%`, background: name === "effective" ? stateColours("running").fill : isTotal ? "var(--brand)" : stateColours(LOSS_COLOURS[name] ?? "idle").fill }} />
              </td>
              <td data-right>{f.duration(seconds)}</td>
              <td data-right>{figure.observed_planned_s > 0 && name !== "planned" && name !== "unobserved" ? f.percent(seconds / figure.observed_planned_s) : ""}</td>
              <td data-right>{name === "effective" ? f.integer(figure.good) : isTotal || name === "unobserved" ? "" : parts[name] === undefined ? NOTHING : f.integer(parts[name])}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Section>
  );
}
