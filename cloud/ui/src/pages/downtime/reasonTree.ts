import type { Schemas } from "../../api/client";

export type Reason = Schemas["ReasonOut"];
export type Stop = Schemas["StopOut"];

export interface ReasonGroup {
  /** The group that the leaves stand under; null for leaves without one. */
  group: Reason | null;
  leaves: Reason[];
}

/** The reason and its groups, upwards. */
export function pathOf(reasons: Map<string, Reason>, id: string): Reason[] {
  const found: Reason[] = [];
  let row = reasons.get(id);
  while (row !== undefined && !found.includes(row)) {
    found.push(row);
    row = row.parent === null ? undefined : reasons.get(row.parent);
  }
  return found;
}

export function byId(reasons: Reason[]): Map<string, Reason> {
  return new Map(reasons.map((reason) => [reason.id, reason]));
}

/** The leaves that people may give on all of these machines, by group, in the order of the tree. */
export function usableGroups(reasons: Reason[], machines: string[], words = ""): ReasonGroup[] {
  const known = byId(reasons);
  const wanted = words.trim().toLowerCase();
  const groups = new Map<string | null, ReasonGroup>();
  for (const reason of reasons) {
    const path = pathOf(known, reason.id);
    if (reason.category === null || path.some(({ active }) => !active)) continue;
    if (reason.machines !== null && !machines.every((machine) => reason.machines?.includes(machine))) continue;
    const said = path.flatMap(({ id, name }) => [id, name.zh, name.en]).join(" ").toLowerCase();
    if (wanted !== "" && !said.includes(wanted)) continue;
    const group = groups.get(reason.parent) ?? { group: path[1] ?? null, leaves: [] };
    groups.set(reason.parent, group);
    group.leaves.push(reason);
  }
  return [...groups.values()];
}

/** Whether somebody has to say why: a stop in a break loses nothing and asks nobody. */
export function isBare(stop: Stop): boolean {
  return stop.reason === null && stop.lost_s > 0;
}

/** A key of a stop that stays while it grows. */
export function stopKey(stop: { machine: string; start: string }): string {
  return `${stop.machine}@${stop.start}`;
}

/** A stop as calls name it, with what was seen on it. */
export function stopRef(stop: Stop): Schemas["StopRef"] {
  return { machine: stop.machine, start: stop.start, end: stop.end, seen: stop.source === "operator" ? (stop.correction ?? 0) : 0 };
}
