const HOUR_MS = 3_600_000;
const BEFORE_MS = 6 * HOUR_MS;
const AFTER_MS = 2 * HOUR_MS;
/** Windows move in steps, so that a second of plant time does not make a new question. */
const STEP_MS = 10 * 60_000;

/** The window of a condition chart: hours before the alarm, until it cleared or until now, a little after. */
export function conditionWindow(raised: string, cleared: string | null, nowMs: number | null): { start: string; end: string } {
  const raisedMs = Date.parse(raised);
  const until = cleared === null ? (nowMs ?? raisedMs) : Date.parse(cleared) + AFTER_MS;
  const end = Math.ceil(Math.max(until, raisedMs + STEP_MS) / STEP_MS) * STEP_MS;
  const start = Math.max(raisedMs - BEFORE_MS, end - 24 * HOUR_MS);
  return { start: new Date(start).toISOString(), end: new Date(end).toISOString() };
}
