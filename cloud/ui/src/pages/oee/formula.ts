import type { Schemas } from "../../api/client";
import type { Opened } from "./opened";
import { countedTime, idealTimes, LOSSES } from "./waterfall";

/** A formula filled with numbers: named terms, the sign between them, the result. */
export interface Formula {
  sign: "÷" | "×" | "−";
  terms: { name: "apt" | "pbt" | "pbtAndBreaks" | "firstPassParts" | "allParts" | "idealAll" | "idealGood" | "planned" | "availability" | "effectiveness" | "quality" | "oee" | Opened; value: number | null; unit: "s" | "ratio" | "parts" }[];
  result: number | null;
  resultUnit: "s" | "ratio";
}

/** How the server's figure comes about from the server's sums under its policy; nothing is decided here. */
export function formula(opened: Opened, figure: Schemas["Figure"], policy: string): Formula | null {
  const ideal = idealTimes(figure);
  const apt = { name: "apt", value: figure.production_s, unit: "s" } as const;
  const pbt = { name: "pbt", value: figure.observed_planned_s, unit: "s" } as const;
  const planned = { name: "planned", value: figure.planned_s, unit: "s" } as const;
  const idealAll = { name: "idealAll", value: ideal.all, unit: "s" } as const;
  const idealGood = { name: "idealGood", value: ideal.good, unit: "s" } as const;
  const withBreaks = { name: "pbtAndBreaks", value: figure.observed_planned_s + figure.break_s, unit: "s" } as const;
  const firstPass = { name: "firstPassParts", value: figure.good - figure.reworked, unit: "parts" } as const;
  const parts = { name: "allParts", value: figure.good + figure.rejected, unit: "parts" } as const;
  const ratio = (terms: Formula["terms"], result: number | null): Formula => ({ sign: "÷", terms, result, resultUnit: "ratio" });
  switch (opened) {
    case "availability":
      return ratio([apt, policy === "point85" ? withBreaks : pbt], figure.availability);
    case "effectiveness":
      return ratio([idealAll, apt], figure.effectiveness);
    case "quality":
      return ratio(policy === "iso22400" ? [idealGood, idealAll] : [firstPass, parts], figure.quality);
    case "coverage":
      return ratio([pbt, planned], figure.coverage);
    case "oee":
      return {
        sign: "×",
        terms: (["availability", "effectiveness", "quality"] as const).map((name) => ({ name, value: figure[name], unit: "ratio" })),
        result: figure.oee,
        resultUnit: "ratio",
      };
    case "reduced_speed":
      return {
        sign: "−",
        terms: [apt, { name: "minor_stops", value: figure.losses.minor_stops, unit: "s" }, idealAll],
        result: figure.losses.reduced_speed,
        resultUnit: "s",
      };
    default: {
      const loss = LOSSES.find((name) => name === opened);
      if (loss === undefined) return null;
      const value = figure.losses[loss];
      const counted = countedTime(figure);
      return ratio([{ name: loss, value, unit: "s" }, figure.losses.planned_downtime === 0 ? pbt : withBreaks], counted > 0 ? value / counted : null);
    }
  }
}
