import { Fragment } from "react";
import type { Schemas } from "../../api/client";
import { useFormat } from "../../format/useFormat";
import { useLanguage } from "../../i18n/LanguageProvider";
import { lookup } from "../../i18n/lookup";
import css from "./FormulaLine.module.css";
import { formula } from "./formula";
import type { Opened } from "./opened";

/** A formula with its numbers, read from left to right. */
export function FormulaLine({ opened, figure, policy }: { opened: Opened; figure: Schemas["Figure"]; policy: string }) {
  const { t } = useLanguage();
  const f = useFormat();
  const filled = formula(opened, figure, policy);
  if (filled === null) return null;
  const say = (value: number | null, unit: "s" | "ratio" | "parts") =>
    unit === "ratio" ? f.percent(value) : unit === "parts" || value === null ? f.integer(value) : f.machineTime(value);
  const names: Record<string, string> = { ...t.losses, ...t.figures, ...t.oee.terms, planned: t.oee.planned };
  return (
    <div className={`${css.box} tabular`} role="group" aria-label={t.oee.formula}>
      {filled.terms.map(({ name, value, unit }, index) => (
        <Fragment key={name}>
          {index > 0 && <span className={css.sign}>{filled.sign}</span>}
          <span className={css.term}>
            <span className={css.name}>{lookup(names, name)}</span>
            <span className={css.value}>{say(value, unit)}</span>
          </span>
        </Fragment>
      ))}
      <span className={css.sign}>=</span>
      <span className={css.term}>
        <span className={css.name}>&nbsp;</span>
        <span className={`${css.value} ${css.result}`}>{say(filled.result, filled.resultUnit)}</span>
      </span>
      {opened === "quality" && policy === "iso22400" && (
        <span className={css.plain}>
          {t.oee.terms.plainQuality}: {f.integer(figure.good)} ÷ {f.integer(figure.good + figure.rejected)} = {f.percent(figure.quality_plain)}
        </span>
      )}
    </div>
  );
}
