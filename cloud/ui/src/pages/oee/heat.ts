import type { Schemas } from "../../api/client";
import { fromWallClock, wallClock } from "../../format/plantTime";

type Group = Schemas["OeeGroup"];

/** Below this the figure says more about the watching than about the machines. */
export const ENOUGH_COVERAGE = 0.9;

export interface HeatRow {
  day: string;
  start: string;
  /** One list a column: an hour that a clock change doubles stands twice in its column. */
  cells: Group[][];
}

/** Groups as rows of days by columns of `columnOf`, in the plant's zone; the latest day first. */
export function heatRows(groups: Group[], timeZone: string, columns: string[], columnOf: (group: Group) => string): HeatRow[] {
  const rows = new Map<string, HeatRow>();
  for (const group of groups) {
    const day = wallClock(Date.parse(group.start), timeZone).slice(0, 10);
    const row = rows.get(day) ?? { day, start: group.start, cells: columns.map(() => []) };
    rows.set(day, row);
    row.cells[columns.indexOf(columnOf(group))]?.push(group);
  }
  return [...rows.values()].sort((a, b) => b.day.localeCompare(a.day));
}

/** The hour of the plant's clock in which a group begins: `07`. */
export function hourOf(group: Group, timeZone: string): string {
  return wallClock(Date.parse(group.start), timeZone).slice(11, 13);
}

export const HOURS = Array.from({ length: 24 }, (_, hour) => String(hour).padStart(2, "0"));

/** Names of shifts in the order of the time of day at which they begin. */
export function shiftColumns(groups: Group[], timeZone: string): string[] {
  const begins = new Map<string, string>();
  for (const group of groups) {
    const name = shiftOf(group);
    if (!begins.has(name)) begins.set(name, wallClock(Date.parse(group.start), timeZone).slice(11));
  }
  return [...begins].sort(([, a], [, b]) => a.localeCompare(b)).map(([name]) => name);
}

export function shiftOf(group: Group): string {
  return group.name?.en ?? "";
}

/** Why a group is drawn as it is: a figure, one seen too little, none seen, nothing planned. */
export function heatKind({ figure }: Group): "figure" | "thin" | "unseen" | "unplanned" {
  if (figure.planned_s === 0) return "unplanned";
  if (figure.oee === null) return "unseen";
  return figure.coverage !== null && figure.coverage < ENOUGH_COVERAGE ? "thin" : "figure";
}

const HOUR_MS = 3_600_000;

/** The full hour at or after an instant: the end of a running window moves on faster than an answer comes, and would ask anew for ever. */
export function fullHour(end: string): string {
  return new Date(Math.ceil(Date.parse(end) / HOUR_MS) * HOUR_MS).toISOString();
}

/** The plant's midnight at which the day began whose last moment before `end` is shown. */
export function dayStart(end: string, timeZone: string): string {
  return midnight(end, timeZone, 0);
}

/** Midnight of the plant six days before that: seven days with the last one. */
export function weekStart(end: string, timeZone: string): string {
  return midnight(end, timeZone, 6);
}

/** The plant's midnight before `end`, or some days earlier. */
export function midnight(end: string, timeZone: string, daysBack: number): string {
  const day = wallClock(Date.parse(end) - 1, timeZone).slice(0, 10);
  const first = new Date(Date.parse(`${day}T12:00:00Z`) - daysBack * 86_400_000).toISOString().slice(0, 10);
  return new Date(fromWallClock(`${first} 00:00:00`, timeZone)).toISOString();
}

/** The ends of the colour scale: a line that stands most of the time, and what the trade calls world class. */
export const COLDEST = 0.3;
export const HOTTEST = 0.85;

/** The ground of a cell as CSS: red over amber to green, so that the middle of the scale tells days apart. */
export function heatGround(oee: number): string {
  const share = Math.min(1, Math.max(0, (oee - COLDEST) / (HOTTEST - COLDEST)));
  const mixed = (colour: string, part: number, with_: string) => `color-mix(in oklab, var(--${colour}) ${Math.round(part * 100)}%, var(--${with_}))`;
  return share < 0.5 ? mixed("heat-mid", share * 2, "heat-low") : mixed("heat-high", share * 2 - 1, "heat-mid");
}
