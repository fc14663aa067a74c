import { SegmentedControl } from "@mantine/core";
import { useState } from "react";
import type { Schemas } from "../../api/client";
import { useFormat } from "../../format/useFormat";
import { useLanguage } from "../../i18n/LanguageProvider";
import { lookup } from "../../i18n/lookup";
import { LOSS_COLOURS, stateColours } from "../../parts/states";
import css from "./LossWaterfall.module.css";
import type { Opened } from "./opened";
import { countedTime, partsOf, type Step, waterfall } from "./waterfall";

/** From planned time down to fully effective time. Rows are buttons, so a keyboard and a screen reader have them too. */
export function LossWaterfall({ figure, onOpen }: { figure: Schemas["Figure"]; onOpen: (opened: Opened) => void }) {
  const { t } = useLanguage();
  const f = useFormat();
  const [unit, setUnit] = useState<"time" | "parts">("time");
  const said = (step: Step) => (unit === "time" ? f.machineTime(step.seconds) : f.integer(partsOf(step, figure)));
  const totals: Record<string, string> = { planned: t.oee.planned, observed: t.oee.observed, observed_with_breaks: t.oee.terms.pbtAndBreaks, effective: t.oee.effective };
  const counted = countedTime(figure);
  return (
    <>
      <SegmentedControl
        aria-label={t.oee.unit}
        size="xs"
        mb="xs"
        value={unit}
        onChange={(next) => setUnit(next === "parts" ? "parts" : "time")}
        data={(["time", "parts"] as const).map((value) => ({ value, label: t.oee.units[value] }))}
      />
    <ul className={css.list}>
      {waterfall(figure).map((step) => {
        // Time that was not observed is no part of what the shares are of.
        const isOutside = step.name === "planned" || step.name === "unobserved";
        const share = counted > 0 ? step.seconds / counted : null;
        return (
          <li key={step.name}>
            <button
              type="button"
              className={`${css.row} ${step.isTotal ? css.total : ""} tabular`}
              onClick={() => onOpen(step.name)}
            >
              <span>{totals[step.name] ?? lookup(t.losses, step.name)}</span>
              <span className={css.track} aria-hidden>
                <span
                  className={css.bar}
                  style={{ left: `${step.from * 100}%`, width: `${(step.to - step.from) * 100}%`, background: colour(step) }}
                />
              </span>
              <span className={css.time}>{said(step)}</span>
              <span className={css.share}>{isOutside ? "" : f.percent(share)}</span>
            </button>
          </li>
        );
      })}
    </ul>
    </>
  );
}

function colour(step: Step): string {
  if (step.name === "effective") return stateColours("running").fill;
  if (step.isTotal) return "var(--brand)";
  return stateColours(LOSS_COLOURS[step.name] ?? "idle").fill;
}
