import type { Schemas } from "../../../api/client";
import { isClock } from "./day";

export const DAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"] as const;

/** Weekdays as runs: three or more in a row as the first with the last, others one by one. */
export function runsOf(days: readonly string[]): [first: string, last?: string][] {
  const runs: number[][] = [];
  for (const at of DAYS.flatMap((day, place) => (days.includes(day) ? [place] : []))) {
    const run = runs.at(-1);
    if (run?.at(-1) === at - 1) run.push(at);
    else runs.push([at]);
  }
  const name = (at: number | undefined) => DAYS[at ?? 0] ?? "mon";
  return runs.flatMap((run): [string, string?][] => (run.length < 3 ? run.map((at): [string] => [name(at)]) : [[name(run[0]), name(run.at(-1))]]));
}

type Pattern = Schemas["ShiftPatternOut"];

export interface BreakRow {
  start: string;
  end: string;
  name: string;
}

/** A change of a shift while it is being written; `id` is empty until a new shift has one. */
export interface ShiftDraft {
  isNew: boolean;
  id: string;
  zh: string;
  en: string;
  from: string;
  start: string;
  end: string;
  days: string[];
  breaks: BreakRow[];
}

/** What a shift is now, to be changed from a day on. */
export function draftOf({ id, name, start, end, days, breaks }: Pattern, from: string, language: "zh" | "en"): ShiftDraft {
  return { isNew: false, id, zh: name.zh, en: name.en, from, start, end, days, breaks: breaks.map((pause) => ({ start: pause.start, end: pause.end, name: pause.name[language] })) };
}

export function emptyShift(from: string): ShiftDraft {
  return { isNew: true, id: "", zh: "", en: "", from, start: "", end: "", days: ["mon", "tue", "wed", "thu", "fri"], breaks: [] };
}

/** What is sent, null while something is missing; a break without a name is called by its place. */
export function shiftOf({ isNew, id, zh, en, from, start, end, days, breaks }: ShiftDraft, breakName: string): Schemas["ShiftPatternIn"] | null {
  if (!/^\d{4}-\d\d-\d\d$/.test(from) || !isClock(start) || !isClock(end)) return null;
  if (!/^[A-Za-z0-9][A-Za-z0-9_.-]{0,59}$/.test(id) || (isNew && (zh.trim() === "" || en.trim() === ""))) return null;
  if (breaks.some((pause) => !isClock(pause.start) || !isClock(pause.end))) return null;
  const named = (name: string) => {
    const said = name.trim() === "" ? breakName : name.trim();
    return { zh: said, en: said };
  };
  return {
    valid_from: from,
    start,
    end,
    days: DAYS.filter((day) => days.includes(day)),
    breaks: breaks.map((pause) => ({ start: pause.start, end: pause.end, name: named(pause.name) })),
    name: isNew ? { zh: zh.trim(), en: en.trim() } : null,
  };
}
