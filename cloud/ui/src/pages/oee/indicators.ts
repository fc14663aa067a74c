import type { Schemas } from "../../api/client";

export type Indicator = keyof Schemas["Indicators"];

/** Which indicators stand together: how time is used, how failures come, what parts are like. */
export const GROUPS: Record<"time" | "failures" | "parts", readonly Indicator[]> = {
  time: ["teep", "nee", "technical_efficiency", "utilization_efficiency", "allocation_ratio", "setup_ratio"],
  failures: ["failures", "mtbf_s", "mttr_s", "mttf_s", "setups", "mean_setup_s"],
  parts: ["scrap_ratio", "rework_ratio", "first_pass_yield", "takt_adherence"],
};

/** How a value is written. */
export function kindOf(name: Indicator): "ratio" | "time" | "count" {
  if (name === "failures" || name === "setups") return "count";
  return name.endsWith("_s") ? "time" : "ratio";
}
