import type { Schemas } from "../../api/client";
import { useFormat } from "../../format/useFormat";
import { useLanguage } from "../../i18n/LanguageProvider";
import { Card } from "../../parts/Card";
import { LinkButton } from "../../parts/LinkButton";
import { useMachineName } from "../../parts/useMachineName";
import css from "./ConstraintCard.module.css";

/** The station that decides what a line makes, with its own figure: the line is as good as that. */
export function ConstraintCard({ constraint }: { constraint: Schemas["ConstraintFigure"] }) {
  const { t } = useLanguage();
  const f = useFormat();
  const machineName = useMachineName();
  const { station, machines, named, figure } = constraint;
  const first = machines[0];
  return (
    <Card title={t.indicators.constraint} hint={named ? t.indicators.named : t.indicators.found}>
      <div className={css.row}>
        <div className={css.who}>
          <b>{machines.length === 1 && first !== undefined ? machineName(first) : station}</b>
          <span>{machines.length === 1 ? first : machines.map(machineName).join(" + ")}</span>
        </div>
        <dl className={`${css.figures} tabular`}>
          {(["oee", "availability", "effectiveness", "quality", "coverage"] as const).map((name) => (
            <div key={name}><dt>{t.figures[name]}</dt><dd>{f.percent(figure[name])}</dd></div>
          ))}
        </dl>
        <LinkButton size="xs" variant="default" to="/oee/settings" search={{ part: "lines" }}>{t.standards.parts.lines}</LinkButton>
      </div>
      <p className={css.note}>{t.indicators.constraintHint}</p>
    </Card>
  );
}
