import type { HistorySearch } from "../../app/search";
import type { Stretch } from "../../parts/period/stretch";

const STEP_MS = 60_000;

/** The period that was chosen without its zoom, null for hours up to now. */
export function periodOf({ from, to }: HistorySearch): Stretch | null {
  return from === undefined || to === undefined ? null : { start: from, end: to };
}

/** The window that is asked for; one up to now moves on by whole minutes unless it follows; null before the clock is known. */
export function windowOf(search: HistorySearch, hours: number, nowMs: number | null, isFollowing: boolean): Stretch | null {
  if (search.start !== undefined && search.end !== undefined) return { start: search.start, end: search.end };
  const period = periodOf(search);
  if (period !== null) return period;
  if (nowMs === null) return null;
  const endMs = isFollowing ? Math.ceil(nowMs / 1000) * 1000 : Math.ceil(nowMs / STEP_MS) * STEP_MS;
  return { start: new Date(endMs - hours * 3_600_000).toISOString(), end: new Date(endMs).toISOString() };
}
