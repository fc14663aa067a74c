import type { Schemas } from "../../../api/client";
import { clockInside } from "../clockInside";

type Period = Schemas["Period"];

/** A stop of a sheet as it is typed: the machine ran in all other time. */
export interface StopRow {
  from: string;
  to: string;
  state: string;
}

export interface RunRow {
  from: string;
  to: string;
  job: number;
  good: number;
  reject: number;
}

/** Time that nobody watched is entered like a stop, and told as no period at all. */
export const UNWATCHED = "unobserved";

interface Frame {
  start: number;
  end: number;
  timeZone: string;
}

/** Instants of typed rows, null when a time is missing, outside of the sheet, or rows overlap. */
export function spansOf(rows: { from: string; to: string }[], { start, end, timeZone }: Frame): { start: number; end: number }[] | null {
  const spans: { start: number; end: number }[] = [];
  for (const row of rows) {
    const from = clockInside(row.from, start, end, timeZone);
    const to = clockInside(row.to, start, end, timeZone);
    if (from === null || to === null || from >= to) return null;
    spans.push({ start: from, end: to });
  }
  const sorted = [...spans].sort((one, other) => one.start - other.start);
  return sorted.some((span, at) => span.start < (sorted[at - 1]?.end ?? 0)) ? null : spans;
}

/** The periods of a sheet: the stops, and production between them; null when the stops cannot be. */
export function periodsOf(stops: StopRow[], frame: Frame): Period[] | null {
  const spans = spansOf(stops, frame);
  if (spans === null) return null;
  const placed = spans.map((span, at) => ({ ...span, state: stops[at]?.state ?? UNWATCHED })).sort((one, other) => one.start - other.start);
  const periods: Period[] = [];
  const add = (start: number, end: number, state: string) => {
    if (start < end && state !== UNWATCHED) periods.push({ start: new Date(start).toISOString(), end: new Date(end).toISOString(), state: state as Period["state"] });
  };
  let at = frame.start;
  for (const span of placed) {
    add(at, span.start, "running");
    add(span.start, span.end, span.state);
    at = span.end;
  }
  add(at, frame.end, "running");
  return periods;
}

/** A time of day as it is typed: with seconds where it has some, so that a stop of less than a minute stays one. */
export function toTheSecond(f: { time: (at: number) => string; timeWithSeconds: (at: number) => string }): (ms: number) => string {
  return (ms) => (Math.floor(ms / 1000) % 60 === 0 ? f.time(ms) : f.timeWithSeconds(ms));
}

/** The stops that a stored sheet tells of, holes among them; what begins and ends within one second is none. */
export function stopsOf(periods: Period[], frame: Frame, shown: (ms: number) => string): StopRow[] {
  const stops: StopRow[] = [];
  let at = frame.start;
  const add = (start: number, end: number, state: string) => {
    if (start < end && shown(start) !== shown(end)) stops.push({ from: shown(start), to: shown(end), state });
  };
  for (const { start, end, state } of periods) {
    add(at, Date.parse(start), UNWATCHED);
    if (state !== "running") add(Date.parse(start), Date.parse(end), state);
    at = Date.parse(end);
  }
  add(at, frame.end, UNWATCHED);
  return stops;
}
