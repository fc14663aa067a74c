import type { Schemas } from "../../../api/client";

export const KINDS = ["closed", "changed", "extra", "planned_stop"] as const;

const LONGEST_STOP_MS = 366 * 86_400_000;

/** An exception while it is being written; times are empty or `HH:MM`. Scope and last day are of a planned stop. */
export interface DayDraft {
  day: string;
  kind: (typeof KINDS)[number];
  scope: string;
  shift: string | null;
  start: string;
  end: string;
  endDay: string;
  note: string;
}

export function isClock(text: string): boolean {
  return /^([01]\d|2[0-3]):[0-5]\d$/.test(text);
}

function isDay(text: string): boolean {
  return /^\d{4}-\d\d-\d\d$/.test(text);
}

/** Whether a planned stop ends after its start, at most 366 days later; while something is missing it may. */
export function endsAfterStart({ day, start, endDay, end }: DayDraft): boolean {
  if (![day, endDay].every(isDay) || ![start, end].every(isClock)) return true;
  const length = Date.parse(`${endDay}T${end}:00Z`) - Date.parse(`${day}T${start}:00Z`);
  return length > 0 && length <= LONGEST_STOP_MS;
}

/** The exception that a draft says, null while something is missing or no time. */
export function dayOf(draft: DayDraft): Schemas["CalendarExceptionIn"] | null {
  const { day, kind, scope, shift, start, end, endDay, note } = draft;
  if (!isDay(day)) return null;
  if (kind === "planned_stop") {
    const isWhole = isDay(endDay) && isClock(start) && isClock(end) && endsAfterStart(draft);
    return isWhole ? { day, kind, scope, shift: null, start, end, end_day: endDay, note: note.trim() } : null;
  }
  const said = { day, kind, shift: shift === null || shift.trim() === "" ? null : shift.trim(), note: note.trim() };
  if (kind === "closed") return { ...said, start: null, end: null };
  const times = [start, end].map((text) => (text === "" ? null : text));
  if (times.some((time) => time !== null && !isClock(time))) return null;
  const [from = null, to = null] = times;
  if (kind === "changed" && (said.shift === null || (from === null && to === null))) return null;
  if (kind === "extra" && (from === null || to === null)) return null;
  return { ...said, start: from, end: to };
}
