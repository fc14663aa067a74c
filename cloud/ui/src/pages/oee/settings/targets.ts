import type { Schemas } from "../../../api/client";

export const AIMS = ["oee", "availability", "effectiveness", "quality"] as const;

type Target = Schemas["TargetOut"];
type Name = Schemas["Name"];

/** A scope with the target set for it, or with whose target holds instead. */
export interface Aimed {
  scope: string;
  kind: "site" | "line" | "machine";
  id: string;
  name: Name;
  own: Target | null;
  from: { kind: "site" | "line"; name: Name; target: Target } | null;
}

/** The plant, each line and each machine with what they aim at: a machine's own target, else its line's, else the site's. */
export function aimedAt(plant: Schemas["PlantOut"], targets: Target[]): Aimed[] {
  const of = (scope: string) => targets.find((target) => target.scope === scope) ?? null;
  const site = of("site");
  const fromSite = site === null ? null : { kind: "site" as const, name: plant.name, target: site };
  const rows: Aimed[] = [{ scope: "site", kind: "site", id: plant.id, name: plant.name, own: site, from: null }];
  for (const line of plant.areas.flatMap((area) => area.lines)) {
    const own = of(`line:${line.id}`);
    const fromLine = own === null ? fromSite : { kind: "line" as const, name: line.name, target: own };
    rows.push({ scope: `line:${line.id}`, kind: "line", id: line.id, name: line.name, own, from: own === null ? fromSite : null });
    for (const machine of line.machines) {
      const its = of(`machine:${machine.id}`);
      rows.push({ scope: `machine:${machine.id}`, kind: "machine", id: machine.id, name: machine.name, own: its, from: its === null ? fromLine : null });
    }
  }
  return rows;
}

/** A ratio as the percent that a person writes; what is not set is an empty field. */
export function asPercent(ratio: number | null | undefined): number | "" {
  return typeof ratio === "number" ? Math.round(ratio * 1e5) / 1e3 : "";
}

/** The ratio of a written percent; an empty field sets nothing. */
export function asRatio(percent: number | string): number | null {
  return typeof percent === "number" ? Math.round(percent * 1e3) / 1e5 : null;
}
