import type { Schemas } from "../../../api/client";

type Line = Schemas["LineOut"];

/** The stations of a line in the order of the flow, each with its machines; a machine that is not named is a station of its own. */
export function stationsOf(line: Line, { stations = {} }: { stations?: Record<string, string> }): { station: string; machines: string[] }[] {
  const found = new Map<string, string[]>();
  for (const { id } of line.machines) {
    const station = stations[id] ?? id;
    found.set(station, [...(found.get(station) ?? []), id]);
  }
  return [...found].map(([station, machines]) => ({ station, machines }));
}

/** What is sent: stations without empty names, and a constraint that is one of them. */
export function flowOf(line: Line, written: Record<string, string>, constraint: string | null): Schemas["LineFlowIn"] {
  const stations = Object.fromEntries(
    line.machines.flatMap(({ id }) => {
      const station = (written[id] ?? "").trim();
      return station === "" || station === id ? [] : [[id, station]];
    }),
  );
  const isStation = stationsOf(line, { stations }).some(({ station }) => station === constraint);
  return { stations, constraint: isStation ? constraint : null };
}
