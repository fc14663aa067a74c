import { useFormat } from "../../format/useFormat";
import { useLanguage } from "../../i18n/LanguageProvider";
import { lookup } from "../../i18n/lookup";
import { useMachineName } from "../../parts/useMachineName";
import { useReasonName } from "../../parts/useReasonName";
import { isFields } from "./changes";

const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d/;
const DAY = /^\d{4}-\d\d-\d\d$/;
const SECONDS = new Set(["min_s", "max_s", "minor_stop_s", "ideal_cycle_s", "takt_s"]);
const RATIOS = new Set(["oee", "availability", "effectiveness", "quality"]);

/** How people call what an entry of the audit log speaks of; a name that is not known stays as it was written. */
export function useAuditWords() {
  const { t } = useLanguage();
  const f = useFormat();
  const machineName = useMachineName();
  const reasonName = useReasonName();

  const place = (scope: string) => {
    const id = scope.replace(/^machine:/, "");
    const name = machineName(id);
    return name === id || scope === "site" ? name : `${name} · ${id.replace(/^line:/, "")}`;
  };

  /** Names by kind of object; of others the id says enough. */
  const named: Record<string, (id: string) => string> = {
    reason: (id) => (id === "" ? "" : reasonName(id)),
    machine: place,
    line: (id) => place(`line:${id}`),
    oee_target: place,
    product: (id) => id.replace("/", " · "),
  };

  /** The kind and the name of an object `kind/id`. */
  const object = (written: string): [string, string] => {
    const at = written.indexOf("/");
    const [kind, id] = at === -1 ? [written, ""] : [written.slice(0, at), written.slice(at + 1)];
    return [lookup(t.audit.kinds, kind), named[kind]?.(id) ?? id];
  };

  /** Words by field; a text that is none of them stays as it is. */
  const worded: Record<string, (text: string) => string> = {
    parent: reasonName,
    reason: reasonName,
    reasons: reasonName,
    category: (text) => lookup(t.losses, text),
    scopes: place,
    scope: place,
    machine: place,
    machines: place,
    constraint: place,
    states: (text) => lookup(t.states, text),
    weekdays: (text) => lookup(t.reasons.weekdays, text),
    weekday: (text) => lookup(t.reasons.weekdays, text),
    role: (text) => lookup(t.user.roles, text, lookup(t.signals.roles, text)),
    kind: (text) => lookup(t.standards.kinds, text),
    holds_for: (text) => lookup(t.standards.holds, text),
    code_map: (text) => (text === "none" ? t.signals.nothing : lookup(t.states, text, reasonName(text))),
  };

  const value = (field: string, said: unknown): string => {
    if (said === null || said === undefined || said === "") return t.audit.nothing;
    if (typeof said === "boolean") return said ? t.audit.yes : t.audit.no;
    if (typeof said === "number") return SECONDS.has(field) ? t.standards.seconds(f.number(said)) : RATIOS.has(field) ? f.percent(said) : String(said);
    if (Array.isArray(said)) return said.length === 0 ? t.audit.nothing : said.map((one) => value(field, one)).join(", ");
    if (isFields(said)) return Object.values(said).map((one) => value(field, one)).join(" / ");
    const text = String(said);
    if (DAY.test(text)) return f.calendarDay(text);
    return worded[field]?.(text) ?? (INSTANT.test(text) ? f.dateTime(text) : text);
  };

  const field = (name: string, part?: string) => {
    const said = lookup(t.audit.fields, name);
    return part === undefined ? said : `${said} ${name === "stations" ? place(part) : part}`;
  };

  return { object, value, field, action: (name: string) => lookup(t.audit.actions, name) };
}
