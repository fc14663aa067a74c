import type { Schemas } from "../../api/client";
import type { Opened } from "./opened";
import { idealTimes, LOSSES } from "./waterfall";

/** A formula filled with numbers: named terms, the sign between them, the result. */
export interface Formula {
  sign: "÷" | "×" | "−";
  terms: { name: "apt" | "pbt" | "idealAll" | "idealGood" | "planned" | "availability" | "effectiveness" | "quality" | "oee" | Opened; value: number | null; unit: "s" | "ratio" }[];
  result: number | null;
  resultUnit: "s" | "ratio";
}

/** How the server's figure comes about from the server's sums; nothing is decided here. */
export function formula(opened: Opened, figure: Schemas["Figure"]): Formula | null {
  const ideal = idealTimes(figure);
  const apt = { name: "apt", value: figure.production_s, unit: "s" } as const;
  const pbt = { name: "pbt", value: figure.observed_planned_s, unit: "s" } as const;
  const planned = { name: "planned", value: figure.planned_s, unit: "s" } as const;
  const idealAll = { name: "idealAll", value: ideal.all, unit: "s" } as const;
  const idealGood = { name: "idealGood", value: ideal.good, unit: "s" } as const;
  const ratio = (terms: Formula["terms"], result: number | null): Formula => ({ sign: "÷", terms, result, resultUnit: "ratio" });
  switch (opened) {
    case "availability":
      return ratio([apt, pbt], figure.availability);
    case "effectiveness":
      return ratio([idealAll, apt], figure.effectiveness);
    case "quality":
      return ratio([idealGood, idealAll], figure.quality);
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
      const share = figure.observed_planned_s > 0 ? value / figure.observed_planned_s : null;
      return ratio([{ name: loss, value, unit: "s" }, pbt], share);
    }
  }
}
