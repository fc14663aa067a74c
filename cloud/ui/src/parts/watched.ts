/** From here on all planned time counts as watched: what is missing would be rounded away or is only on its way. */
const ALL = 0.995;

/** The coverage that has to be told with a figure; null where all planned time was watched, or none was planned. */
export function toldCoverage(coverage: number | null | undefined): number | null {
  return coverage === null || coverage === undefined || coverage >= ALL ? null : coverage;
}
