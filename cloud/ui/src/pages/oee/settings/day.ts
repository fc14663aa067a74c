import type { Schemas } from "../../../api/client";

export const KINDS = ["closed", "changed", "extra"] as const;

/** An exception while it is being written; times are empty or `HH:MM`. */
export interface DayDraft {
  day: string;
  kind: (typeof KINDS)[number];
  shift: string | null;
  start: string;
  end: string;
  note: string;
}

export function isClock(text: string): boolean {
  return /^([01]\d|2[0-3]):[0-5]\d$/.test(text);
}

/** The exception that a draft says, null while something is missing or no time. */
export function dayOf({ day, kind, shift, start, end, note }: DayDraft): Schemas["CalendarExceptionIn"] | null {
  if (!/^\d{4}-\d\d-\d\d$/.test(day)) return null;
  const said = { day, kind, shift: shift === null || shift.trim() === "" ? null : shift.trim(), note: note.trim() };
  if (kind === "closed") return { ...said, start: null, end: null };
  const times = [start, end].map((text) => (text === "" ? null : text));
  if (times.some((time) => time !== null && !isClock(time))) return null;
  const [from = null, to = null] = times;
  if (kind === "changed" && (said.shift === null || (from === null && to === null))) return null;
  if (kind === "extra" && (from === null || to === null)) return null;
  return { ...said, start: from, end: to };
}
