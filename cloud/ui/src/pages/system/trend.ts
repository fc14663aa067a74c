import type { Schemas } from "../../api/client";
import type { SparkPoint } from "../../parts/sparkLine";

type Moment = Schemas["MomentOut"];

/** A moment lasts so long; the one that still runs is not counted to its end. */
const MOMENT_S = 5;

/** How far back the pictures of ingestion go, in real seconds. */
export const TREND_S = 360;

/** One figure of ingestion over the last minutes, the oldest first; a moment stands at its middle. */
export function trendOf(moments: Moment[], figure: (moment: Moment) => number | null): SparkPoint[] {
  return moments
    .filter(({ age_s }) => age_s >= MOMENT_S)
    .map((moment) => ({ ageS: moment.age_s - MOMENT_S / 2, value: figure(moment) }));
}

/** The newest value that there was. */
export function newestOf(points: SparkPoint[]): number | null {
  return points.findLast(({ value }) => value !== null)?.value ?? null;
}
