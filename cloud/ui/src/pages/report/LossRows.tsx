import type { Schemas } from "../../api/client";
import { NOTHING } from "../../format/formats";
import { useFormat } from "../../format/useFormat";
import { useLanguage } from "../../i18n/LanguageProvider";
import { lookup } from "../../i18n/lookup";
import { Rows } from "../../parts/Rows";
import { LOSS_COLOURS, stateColours } from "../../parts/states";
import { waterfall } from "../oee/waterfall";
import css from "./Report.module.css";
import { Section } from "./Section";

/** From planned to effective time: minutes, share and parts of each loss, with a bar that also prints. */
export function LossRows({ figure }: { figure: Schemas["Figure"] }) {
  const { t } = useLanguage();
  const f = useFormat();
  const totals: Record<string, string> = { planned: t.oee.planned, observed: t.oee.observed, observed_with_breaks: t.oee.terms.pbtAndBreaks, effective: t.oee.effective };
  const lost: Record<string, number> = { ...figure.losses_parts };
  const colour = (name: string, isTotal: boolean) =>
    name === "effective" ? stateColours("running").fill : isTotal ? "var(--brand)" : stateColours(LOSS_COLOURS[name] ?? "idle").fill;
  const share = (name: string, seconds: number) =>
    figure.observed_planned_s > 0 && name !== "planned" && name !== "unobserved" ? f.percent(seconds / figure.observed_planned_s) : "";
  const parts = (name: string, isTotal: boolean) => {
    if (name === "effective") return f.integer(figure.good);
    if (isTotal || name === "unobserved") return "";
    return lost[name] === undefined ? NOTHING : f.integer(lost[name]);
  };
  return (
    <Section title={t.report.losses} isEmpty={figure.planned_s === 0} empty={t.oee.noPlanned}>
      <Rows
        rows={waterfall(figure)}
        rowKey={({ name }) => name}
        isTotal={({ isTotal }) => isTotal}
        columns={[
          { name: t.oee.columns.category, cell: ({ name }) => totals[name] ?? lookup(t.losses, name) },
          {
            name: t.report.share,
            drawn: css.barColumn,
            cell: ({ name, isTotal, from, to }) => <span className={css.bar} style={{ marginLeft: `${from * 100}%`, width: `${(to - from) * 100}%`, background: colour(name, isTotal) }} />,
          },
          { name: t.oee.columns.length, isRight: true, cell: ({ seconds }) => f.machineTime(seconds) },
          { name: t.report.share, isRight: true, cell: ({ name, seconds }) => share(name, seconds) },
          { name: t.report.parts, isRight: true, cell: ({ name, isTotal }) => parts(name, isTotal) },
        ]}
      />
    </Section>
  );
}
