import type { Schemas } from "../../api/client";

export const LEVELS = ["gateway", "device", "signal"] as const;
export type Level = (typeof LEVELS)[number];

export const CONVERSIONS = ["none", "linear", "table"] as const;
export type ConversionKind = (typeof CONVERSIONS)[number];

/** One old value as it was written, and what it is today. */
export interface ValueRow {
  was: string;
  now: string;
}

/** What stands in the form of a new mapping; `sinceMs` is plant time. */
export interface Draft {
  level: Level;
  old: string;
  new: string;
  sinceMs: number;
  conversion: ConversionKind;
  scale: number | "";
  offset: number | "";
  rows: ValueRow[];
  note: string;
}

const FORMS: Record<Level, RegExp> = {
  gateway: /^[^/\s][^/]*\/[^/]*[^/\s]$/,
  device: /^[^/\s][^/]*\/[^/]+\/[^/]*[^/\s]$/,
  signal: /^[^/\s][^/]*\/[^/]+\/[^/]*\/(.*\S)$/,
};

/** Whether an address is one of a gateway, a device or a signal. */
export function isAddress(level: Level, address: string): boolean {
  return FORMS[level].test(address.trim());
}

/** What an address is one of. */
export function levelOf(address: string): Level {
  return LEVELS[Math.min(address.split("/").length, 4) - 2] ?? "signal";
}

/** The first `depth` parts of each address, each once, in order. */
export function prefixes(addresses: string[], depth: number): string[] {
  const found = addresses.map((address) => address.split("/")).filter((parts) => parts.length >= depth && parts.slice(0, depth).every((part) => part !== ""));
  return [...new Set(found.map((parts) => parts.slice(0, depth).join("/")))].sort();
}

/** The table of old and new values: numbers when all new ones are, else texts; null while one is missing or stands twice. */
export function valuesOf(rows: ValueRow[]): Record<string, number> | Record<string, string> | null {
  const said = rows.map(({ was, now }) => [was.trim(), now.trim()] as const);
  const isWhole = said.length > 0 && said.every(([was, now]) => was !== "" && now !== "") && new Set(said.map(([was]) => was)).size === said.length;
  if (!isWhole) return null;
  const isNumbers = said.every(([, now]) => Number.isFinite(Number(now)));
  return isNumbers ? Object.fromEntries(said.map(([was, now]) => [was, Number(now)])) : Object.fromEntries(said);
}

/** The mapping as it would be asked for; null while something is missing. */
export function mappingOf(draft: Draft): Schemas["TagMappingIn"] | null {
  const [old, next] = [draft.old.trim(), draft.new.trim()];
  if (!isAddress(draft.level, old) || !isAddress(draft.level, next)) return null;
  const body = { old, new: next, valid_from: new Date(draft.sinceMs).toISOString(), scale: 1, offset: 0, note: draft.note.trim() };
  if (draft.level === "signal" && draft.conversion === "linear") {
    if (draft.scale === "" || draft.offset === "" || draft.scale === 0) return null;
    return { ...body, scale: draft.scale, offset: draft.offset };
  }
  if (draft.level === "signal" && draft.conversion === "table") {
    const values = valuesOf(draft.rows);
    return values === null ? null : { ...body, values };
  }
  return old === next ? null : body;
}

type Mapping = Schemas["TagMappingOut"];

/** What a mapping is about: a gateway, a device, a signal with another name, or one with other values. */
export function kindOf({ old, scale, offset, values }: Mapping): Level | "retyped" {
  return values !== null || scale !== 1 || offset !== 0 ? "retyped" : levelOf(old);
}

export function isHeld({ undone_at }: Mapping): boolean {
  return undone_at === null;
}
