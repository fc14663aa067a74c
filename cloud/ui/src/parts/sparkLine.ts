/** A value `ageS` seconds ago; null where there was none. */
export interface SparkPoint {
  ageS: number;
  value: number | null;
}

/** Points further apart than this are not joined by a line. */
const JOINED_S = 8;

/** Runs of points without a hole between them, the oldest first. */
export function runsOf(points: SparkPoint[]): { ageS: number; value: number }[][] {
  const runs: { ageS: number; value: number }[][] = [];
  let before: number | null = null;
  for (const { ageS, value } of points) {
    if (value === null) {
      before = null;
      continue;
    }
    if (before === null || before - ageS > JOINED_S) runs.push([]);
    runs.at(-1)?.push({ ageS, value });
    before = ageS;
  }
  return runs;
}

/** The point nearest to an age, of those that have a value. */
export function nearest(points: SparkPoint[], ageS: number): { ageS: number; value: number } | null {
  let found: { ageS: number; value: number } | null = null;
  for (const { ageS: age, value } of points) {
    if (value !== null && (found === null || Math.abs(age - ageS) < Math.abs(found.ageS - ageS))) found = { ageS: age, value };
  }
  return found;
}
