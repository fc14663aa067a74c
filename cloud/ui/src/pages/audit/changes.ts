/** What an entry of the audit log says about one value; `before` is undefined where only what holds since is told. */
export interface Change {
  field: string;
  /** The part of the field that changed, such as a code or a machine. */
  part?: string;
  before?: unknown;
  after: unknown;
}

/** What a bare value before and after stands for. */
const BARE: Record<string, string> = { "plant.minor_stop": "minor_stop_s", "production.ideal_cycle": "ideal_cycle_s", "gateways.write": "value", "downtime.reason.order": "reasons", "downtime.rule.order": "rules" };
/** Fields whose parts change one by one. */
const MAPS = new Set(["code_map", "stations"]);
/** What only programs need. */
const SILENT = new Set(["version", "place", "replaces", "request", "id"]);

type Fields = Record<string, unknown>;

/** The values that an action changed, told apart; what is empty on both sides is left out. */
export function changesOf(action: string, detail: Fields): Change[] {
  const { before, after, value, ...rest } = detail;
  if (!("before" in detail)) return told(detail);
  const now = "after" in detail ? after : value;
  const changed = isFields(before) || isFields(now) ? differing(isFields(before) ? before : {}, isFields(now) ? now : {}) : [{ field: BARE[action] ?? "after", before, after: now }];
  return [...changed, ...told(rest)];
}

function told(said: Fields): Change[] {
  return Object.entries(said).flatMap(([field, after]): Change[] => {
    if (SILENT.has(field) || isEmpty(after)) return [];
    if (MAPS.has(field) && isFields(after)) return Object.entries(after).map(([part, one]) => ({ field, part, after: one }));
    return [{ field, after }];
  });
}

function differing(before: Fields, after: Fields): Change[] {
  return keysOf(before, after).flatMap((field): Change[] => {
    const [was, is] = [before[field], after[field]];
    if (SILENT.has(field) || isSame(was, is)) return [];
    if (!MAPS.has(field)) return [{ field, before: was ?? null, after: is ?? null }];
    const [old, now] = [isFields(was) ? was : {}, isFields(is) ? is : {}];
    return keysOf(old, now)
      .filter((part) => !isSame(old[part], now[part]))
      .map((part) => ({ field, part, before: old[part] ?? null, after: now[part] ?? null }));
  });
}

function keysOf(one: Fields, other: Fields): string[] {
  return [...new Set([...Object.keys(one), ...Object.keys(other)])];
}

function isSame(one: unknown, other: unknown): boolean {
  return (isEmpty(one) && isEmpty(other)) || JSON.stringify(one) === JSON.stringify(other);
}

function isEmpty(value: unknown): boolean {
  return value === null || value === undefined || value === "" || (Array.isArray(value) && value.length === 0);
}

export function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
