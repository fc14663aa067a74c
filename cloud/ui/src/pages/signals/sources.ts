import type { Schemas } from "../../api/client";

type Binding = Schemas["BindingOut"];

/** A machine or reader that a signal can belong to, where it stands. */
export interface Source {
  id: string;
  kind: "machine" | "reader";
  line: Schemas["LineOut"];
  name: Schemas["Name"];
}

/** Roles that a person may give; what was watched is told by gateways alone. */
export const ROLES = {
  machine: ["state", "reason", "job", "good", "reject", "rework", "run_s", "condition"],
  reader: ["tag"],
} as const;

/** The role by which gateways tell since when they watch: it stays as it is. */
export const COVERAGE_ROLE = "observed_since";

/** Every machine and reader in the order of the flow. */
export function sourcesOf(plant: Schemas["PlantOut"]): Source[] {
  return plant.areas.flatMap(({ lines }) =>
    lines.flatMap((line) => [
      ...line.machines.map(({ id, name }) => ({ id, name, line, kind: "machine" as const })),
      ...line.readers.map(({ id, name }) => ({ id, name, line, kind: "reader" as const })),
    ]),
  );
}

/** The signals of each line, machine by machine in the order of the flow; those of no known place come last under null. */
export function byLine(bindings: Binding[], sources: Source[]): { line: Schemas["LineOut"] | null; rows: Binding[] }[] {
  const places = new Map(sources.map((source, index) => [source.id, index]));
  const placeOf = (row: Binding) => places.get(row.machine ?? row.reader ?? "") ?? sources.length;
  const groups = new Map<string | null, { line: Schemas["LineOut"] | null; rows: Binding[] }>();
  for (const row of [...bindings].sort((a, b) => placeOf(a) - placeOf(b) || a.tag.localeCompare(b.tag))) {
    const line = sources[placeOf(row)]?.line ?? null;
    const group = groups.get(line?.id ?? null) ?? { line, rows: [] };
    groups.set(line?.id ?? null, group);
    group.rows.push(row);
  }
  return [...groups.values()];
}

/** Roles whose numbers have meanings. */
export const CODED_ROLES: readonly (string | null)[] = ["state", "reason"];

export interface CodeRow {
  code: string;
  state: string;
}

/** The code map of what was entered, or null while a code is no whole number or stands twice. */
export function codeMapOf(rows: CodeRow[]): Record<string, string> | null {
  const codes = rows.map(({ code }) => code.trim());
  const isRight = codes.length > 0 && codes.every((code) => /^-?\d{1,10}$/.test(code)) && new Set(codes).size === codes.length;
  return isRight ? Object.fromEntries(rows.map(({ code, state }) => [code.trim(), state])) : null;
}
