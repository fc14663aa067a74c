import type { Schemas } from "../../api/client";

type Series = Schemas["HistorySeries"];

/** One strip of the picture with an axis of its own: signals that are measured alike share it. */
export interface Lane {
  key: string;
  isText: boolean;
  /** Which of the series lie in it. */
  series: number[];
}

/** Whether a series holds texts, which are marks on the time axis rather than a line. */
export function isText(series: Series): boolean {
  return series.points.some(({ value }) => typeof value === "string");
}

/**
 * The lanes of a picture in the order of their first signals. Nobody tells the unit of a stored signal; what has the same
 * name is measured alike, so that the condition of two machines is compared on one axis and a count never bends it.
 */
export function lanesOf(series: Series[]): Lane[] {
  const lanes = new Map<string, Lane>();
  for (const [index, each] of series.entries()) {
    const isMarks = isText(each);
    const key = `${isMarks ? "text" : "number"} ${isMarks ? each.tag : metricOf(each.tag)}`;
    const lane = lanes.get(key) ?? { key, isText: isMarks, series: [] };
    lane.series.push(index);
    lanes.set(key, lane);
  }
  return [...lanes.values()];
}

/** The name of a signal without the machine it is of: `group/node/device/metric`, whose metric may have parts itself. */
export function metricOf(tag: string): string {
  return tag.split("/").slice(3).join("/");
}

const [ONE, EACH, LEAST] = [420, 400, 160];
/** Between two lanes lie the lowest label of the upper one and the name of the lower one. */
const [ABOVE, BELOW, LABEL] = [30, 62, 42];

/** How high a picture of so many lanes is (px): one as ever, more of them no lower than a curve needs. */
export function heightOf(lanes: number): number {
  return lanes <= 2 ? ONE : Math.max(EACH, lanes * LEAST) + BELOW;
}

/** Where a lane lies (px from the top of the picture); its names stand above it. */
export function placeOf(lane: number, lanes: number): { top: number; height: number } {
  const room = (heightOf(lanes) - ABOVE + LABEL - BELOW) / lanes;
  return { top: ABOVE + lane * room, height: room - LABEL };
}
