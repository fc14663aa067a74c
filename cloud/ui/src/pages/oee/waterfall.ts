import type { Schemas } from "../../api/client";

/** Loss categories in the order in which ISO 22400 takes them from planned time. */
export const LOSSES = [
  "breakdown",
  "setup",
  "waiting",
  "minor_stops",
  "reduced_speed",
  "startup_rejects",
  "production_rejects",
] as const;

export type Loss = (typeof LOSSES)[number];

export interface Step {
  name: "planned" | "unobserved" | "observed" | "effective" | Loss;
  isTotal: boolean;
  seconds: number;
  /** Where the bar lies, as shares of the widest total. */
  from: number;
  to: number;
}

/** The steps from planned time down to fully effective time; a negative loss reaches back to the right. */
export function waterfall(figure: Schemas["Figure"]): Step[] {
  const widest = Math.max(figure.planned_s, figure.observed_planned_s, 1);
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
  left = figure.observed_planned_s;
  total("observed", left);
  for (const name of LOSSES) loss(name, figure.losses[name]);
  total("effective", left);
  return steps;
}

/** Ideal seconds of all parts and of the good ones, from the same sums as the losses. */
export function idealTimes(figure: Schemas["Figure"]): { all: number; good: number } {
  const { minor_stops, reduced_speed, startup_rejects, production_rejects } = figure.losses;
  const all = figure.production_s - minor_stops - reduced_speed;
  return { all, good: all - startup_rejects - production_rejects };
}

/** What a step is worth in parts at the mean ideal cycle; null while no part with an ideal cycle was made. */
export function partsOf({ seconds }: Step, figure: Schemas["Figure"]): number | null {
  const ideal = idealTimes(figure).all;
  const parts = figure.good + figure.rejected;
  return figure.losses_parts === null || parts === 0 || ideal <= 0 ? null : (seconds * parts) / ideal;
}
