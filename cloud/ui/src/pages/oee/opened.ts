import type { Loss } from "./waterfall";

export const FIGURES = ["oee", "availability", "effectiveness", "quality", "coverage"] as const;
export type FigureName = (typeof FIGURES)[number];

/** A figure or a loss that a person opened to see what it is made of. */
export type Opened = FigureName | Loss | "unobserved" | "planned" | "observed" | "observed_with_breaks" | "effective";

const STOPS = ["breakdown", "setup", "waiting"];

/** Which categories of state segments move a figure; null means all of them. */
export function relevantCategories(opened: Opened): readonly string[] | null {
  const table: Partial<Record<Opened, readonly string[]>> = {
    availability: STOPS,
    effectiveness: ["production", "minor_stops"],
    quality: ["production", "setup"],
    coverage: ["unobserved"],
    unobserved: ["unobserved"],
    planned_downtime: ["unplanned"],
    breakdown: ["breakdown"],
    setup: ["setup"],
    waiting: ["waiting"],
    minor_stops: ["minor_stops"],
    reduced_speed: ["production"],
    startup_rejects: ["production", "setup"],
    production_rejects: ["production"],
    rework: ["production"],
  };
  return table[opened] ?? null;
}

/** Which segments are looked at first: parts make quality and speed, states make the rest. */
export function firstTab(opened: Opened): "states" | "jobs" {
  return ["effectiveness", "quality", "reduced_speed", "startup_rejects", "production_rejects", "rework"].includes(opened) ? "jobs" : "states";
}
