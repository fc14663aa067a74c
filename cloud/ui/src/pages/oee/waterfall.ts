import type { Schemas } from "../../api/client";

/** Loss categories in the order in which they are taken from planned time. */
export const LOSSES = [
  "planned_downtime",
  "breakdown",
  "setup",
  "waiting",
  "minor_stops",
  "reduced_speed",
  "startup_rejects",
  "production_rejects",
  "rework",
] as const;

/** Losses that only some policies know: shown where there are any. */
const SOMETIMES: readonly string[] = ["planned_downtime", "rework"];

export type Loss = (typeof LOSSES)[number];

export interface Step {
  name: "planned" | "unobserved" | "observed" | "observed_with_breaks" | "effective" | Loss;
  isTotal: boolean;
  seconds: number;
  /** Where the bar lies, as shares of the widest total. */
  from: number;
  to: number;
}

/** The time that OEE is of: observed planned time, with the breaks where the policy counts them as lost. */
export function countedTime(figure: Schemas["Figure"]): number {
  return figure.observed_planned_s + figure.losses.planned_downtime;
}

/** The steps down to fully effective time, which is OEE × the time it is of; a negative loss reaches back to the right. */
export function waterfall(figure: Schemas["Figure"]): Step[] {
  const widest = Math.max(figure.planned_s, countedTime(figure), 1);
  const steps: Step[] = [];
  const total = (name: Step["name"], seconds: number) =>
    steps.push({ name, isTotal: true, seconds, from: 0, to: Math.max(seconds, 0) / widest });
  let left = figure.planned_s;
  const loss = (name: Step["name"], seconds: number) => {
    const after = left - seconds;
    steps.push({ name, isTotal: false, seconds, from: Math.min(left, after) / widest, to: Math.max(left, after) / widest });
    left = after;
  };
  if (figure.unobserved_s >= 0.5) {
    total("planned", figure.planned_s);
    loss("unobserved", figure.unobserved_s);
  }
  left = countedTime(figure);
  total(figure.losses.planned_downtime === 0 ? "observed" : "observed_with_breaks", left);
  for (const name of LOSSES) if (figure.losses[name] !== 0 || !SOMETIMES.includes(name)) loss(name, figure.losses[name]);
  total("effective", left);
  return steps;
}

/** Ideal seconds of all parts and of the good ones, from the same sums as the losses. */
export function idealTimes(figure: Schemas["Figure"]): { all: number; good: number } {
  const { minor_stops, reduced_speed, startup_rejects, production_rejects, rework } = figure.losses;
  const all = figure.production_s - minor_stops - reduced_speed;
  return { all, good: all - startup_rejects - production_rejects - rework };
}

/** What a step is worth in parts at the mean ideal cycle; null while no part with an ideal cycle was made. */
export function partsOf({ seconds }: Step, figure: Schemas["Figure"]): number | null {
  const ideal = idealTimes(figure).all;
  const parts = figure.good + figure.rejected;
  return figure.losses_parts === null || parts === 0 || ideal <= 0 ? null : (seconds * parts) / ideal;
}
