/** What stands in the address of each page, so that a link shows the same thing to a colleague. */

type Raw = Record<string, unknown>;

export const PERIODS = ["shift", "previous_shift", "today", "last_24h"] as const;
export type Period = (typeof PERIODS)[number];

const SCOPE = /^(site|line:.+|machine:.+)$/;

export const POLICIES = ["iso22400", "vorne", "point85"] as const;
export type OeePolicy = (typeof POLICIES)[number];

export interface OeeSearch {
  scope?: string;
  policy?: OeePolicy;
  period?: Period;
  start?: string;
  end?: string;
}

/** Statuses that the server filters by. */
export const ORDER_STATUSES = ["open", "in_production", "completed"] as const;

export interface OrdersSearch {
  q?: string;
  status?: (typeof ORDER_STATUSES)[number];
}

export interface AlarmsSearch {
  show?: "all";
  id?: number;
}

/** The device whose values are open: its gateway as `group/node`, and its id. */
export interface GatewaysSearch {
  gateway?: string;
  device?: string;
}

/** Stops of a scope in a window (the running shift without one), by reason or loss, and the one that is open. */
export interface DowntimeSearch {
  scope?: string;
  start?: string;
  end?: string;
  reason?: string;
  category?: (typeof STOP_CATEGORIES)[number];
  stop?: string;
}

export const STOP_CATEGORIES = ["breakdown", "setup", "waiting"] as const;

export const PARETO_BY = ["reason", "machine", "category"] as const;
export const PARETO_MEASURES = ["minutes", "count", "customer_impact"] as const;
export const PARETO_DAYS = [1, 7, 30] as const;

export interface ParetoSearch {
  scope?: string;
  start?: string;
  end?: string;
  /** Days up to now; without them and without a window, the running shift. */
  days?: (typeof PARETO_DAYS)[number];
  by?: (typeof PARETO_BY)[number];
  measure?: (typeof PARETO_MEASURES)[number];
}

export const REASON_PARTS = ["tree", "codes", "rules"] as const;

export interface ReasonsSearch {
  part?: (typeof REASON_PARTS)[number];
}

export const OEE_PARTS = ["targets", "cycles", "machines", "shifts", "days", "lines"] as const;

export interface OeeSettingsSearch {
  part?: (typeof OEE_PARTS)[number];
}

/** Kinds of objects that the audit log is filtered by. */
export const AUDIT_KINDS = [
  "reason", "rule", "machine", "tag", "tag-mapping", "oee_target", "line", "product", "calendar", "shift", "scrap", "order", "work_order", "alarm", "note", "gateway", "quarantine", "token", "address",
] as const;

/** A kind of objects, one object or one action; a user name; days of the plant's calendar, both inclusive. */
export interface AuditSearch {
  kind?: string;
  object?: string;
  action?: string;
  who?: string;
  from?: string;
  to?: string;
}

export const SCRAP_DAYS = [7, 30, 90] as const;

/** Scrap charged to the days up to now. */
export interface ScrapSearch {
  days?: (typeof SCRAP_DAYS)[number];
}

/** Signals on the chart; words in the search; hours up to now, or a period of one's own; both ends of what was zoomed into. */
export interface HistorySearch {
  tags?: string[];
  q?: string;
  hours?: HistoryHours;
  from?: string;
  to?: string;
  start?: string;
  end?: string;
}

export const HISTORY_HOURS = [1, 8, 24, 168, 336, 720] as const;
export type HistoryHours = (typeof HISTORY_HOURS)[number];
export const MOST_SIGNALS = 8;

/** What a board shows, in turn, separated by commas; real seconds for each; its language and appearance. */
export interface AndonSearch {
  screens?: string;
  every?: number;
  lang?: "zh" | "en";
  theme?: "light" | "dark";
}

/** Whose report, and an instant in its shift; without one the running shift, else the last one. */
export interface ReportSearch {
  scope?: string;
  at?: string;
}

export interface LoginSearch {
  back?: string;
}

export function oeeSearch(raw: Raw): OeeSearch {
  const found: OeeSearch = {};
  const scope = text(raw["scope"]);
  if (scope !== undefined && SCOPE.test(scope)) found.scope = scope;
  const policy = POLICIES.find((known) => known === raw["policy"]);
  if (policy !== undefined) found.policy = policy;
  const [start, end] = [instant(raw["start"]), instant(raw["end"])];
  if (start !== undefined && end !== undefined && start < end) return { ...found, start, end };
  const period = PERIODS.find((known) => known === raw["period"]);
  return period === undefined ? found : { ...found, period };
}

export function downtimeSearch(raw: Raw): DowntimeSearch {
  const found: DowntimeSearch = scopeAndWindow(raw);
  const [reason, stop] = [text(raw["reason"]), text(raw["stop"])];
  if (reason !== undefined) found.reason = reason;
  const category = STOP_CATEGORIES.find((known) => known === raw["category"]);
  if (category !== undefined) found.category = category;
  if (stop !== undefined && /^[^@]+@[^@]+$/.test(stop)) found.stop = stop;
  return found;
}

export function paretoSearch(raw: Raw): ParetoSearch {
  const found: ParetoSearch = scopeAndWindow(raw);
  const days = PARETO_DAYS.find((known) => known === raw["days"]);
  if (days !== undefined && found.start === undefined) found.days = days;
  const by = PARETO_BY.find((known) => known === raw["by"]);
  if (by !== undefined) found.by = by;
  const measure = PARETO_MEASURES.find((known) => known === raw["measure"]);
  if (measure !== undefined) found.measure = measure;
  return found;
}

export function reasonsSearch(raw: Raw): ReasonsSearch {
  const part = REASON_PARTS.find((known) => known === raw["part"]);
  return part === undefined ? {} : { part };
}

export function oeeSettingsSearch(raw: Raw): OeeSettingsSearch {
  const part = OEE_PARTS.find((known) => known === raw["part"]);
  return part === undefined ? {} : { part };
}

export function auditSearch(raw: Raw): AuditSearch {
  const found: AuditSearch = {};
  const kind = AUDIT_KINDS.find((known) => known === raw["kind"]);
  if (kind !== undefined) found.kind = kind;
  for (const name of ["object", "action", "who"] as const) {
    const said = text(raw[name]);
    if (said !== undefined && said.length <= 200) found[name] = said;
  }
  const [from, to] = [calendarDay(raw["from"]), calendarDay(raw["to"])];
  return from !== undefined && to !== undefined && from <= to ? { ...found, from, to } : found;
}

export function scrapSearch(raw: Raw): ScrapSearch {
  const days = SCRAP_DAYS.find((known) => known === raw["days"]);
  return days === undefined ? {} : { days };
}

function scopeAndWindow(raw: Raw): { scope?: string; start?: string; end?: string } {
  const found: { scope?: string; start?: string; end?: string } = {};
  const scope = text(raw["scope"]);
  if (scope !== undefined && SCOPE.test(scope)) found.scope = scope;
  const [start, end] = [instant(raw["start"]), instant(raw["end"])];
  return start !== undefined && end !== undefined && start < end ? { ...found, start, end } : found;
}

export function ordersSearch(raw: Raw): OrdersSearch {
  const found: OrdersSearch = {};
  const q = text(raw["q"]);
  const status = ORDER_STATUSES.find((known) => known === raw["status"]);
  if (q !== undefined) found.q = q;
  if (status !== undefined) found.status = status;
  return found;
}

export function alarmsSearch(raw: Raw): AlarmsSearch {
  const found: AlarmsSearch = {};
  if (raw["show"] === "all") found.show = "all";
  const id = Number(raw["id"]);
  if (Number.isInteger(id) && id > 0) found.id = id;
  return found;
}

export function gatewaysSearch(raw: Raw): GatewaysSearch {
  const gateway = text(raw["gateway"]);
  const device = text(raw["device"]);
  return gateway !== undefined && device !== undefined && /^[^/]+\/[^/]+$/.test(gateway) ? { gateway, device } : {};
}

export function historySearch(raw: Raw): HistorySearch {
  const found: HistorySearch = {};
  const tags = Array.isArray(raw["tags"]) ? raw["tags"].filter((tag) => typeof tag === "string" && tag.split("/").length >= 4) : [];
  if (tags.length > 0) found.tags = [...new Set(tags as string[])].slice(0, MOST_SIGNALS);
  const q = text(raw["q"]);
  if (q !== undefined) found.q = q;
  const [from, to] = [instant(raw["from"]), instant(raw["to"])];
  const hours = HISTORY_HOURS.find((known) => known === raw["hours"]);
  if (from !== undefined && to !== undefined && from < to) Object.assign(found, { from, to });
  else if (hours !== undefined) found.hours = hours;
  const [start, end] = [instant(raw["start"]), instant(raw["end"])];
  return start !== undefined && end !== undefined && start < end ? { ...found, start, end } : found;
}

export function reportSearch(raw: Raw): ReportSearch {
  const found: ReportSearch = {};
  const [scope, at] = [text(raw["scope"]), instant(raw["at"])];
  if (scope !== undefined && /^(site|line:.+|machine:.+)$/.test(scope)) found.scope = scope;
  if (at !== undefined) found.at = at;
  return found;
}

export function andonSearch(raw: Raw): AndonSearch {
  const found: AndonSearch = {};
  const screens = text(raw["screens"])?.split(",").map((word) => word.trim()).filter((word) => word !== "");
  if (screens !== undefined && screens.length > 0) found.screens = screens.join(",");
  const every = Number(raw["every"]);
  if (every >= 3 && every <= 600) found.every = every;
  if (raw["lang"] === "zh" || raw["lang"] === "en") found.lang = raw["lang"];
  if (raw["theme"] === "light" || raw["theme"] === "dark") found.theme = raw["theme"];
  return found;
}

/** Only a path of this app is a way back: `//host` and `https:` would lead a person who logs in elsewhere. */
export function loginSearch(raw: Raw): LoginSearch {
  const back = text(raw["back"]);
  return back !== undefined && /^\/(?![/\\])/.test(back) ? { back } : {};
}

function text(value: unknown): string | undefined {
  const said = typeof value === "number" ? String(value) : value;
  return typeof said === "string" && said !== "" ? said : undefined;
}

function instant(value: unknown): string | undefined {
  const ms = typeof value === "string" ? Date.parse(value) : Number.NaN;
  return Number.isNaN(ms) ? undefined : new Date(ms).toISOString();
}

function calendarDay(value: unknown): string | undefined {
  return typeof value === "string" && /^\d{4}-\d\d-\d\d$/.test(value) && !Number.isNaN(Date.parse(value)) ? value : undefined;
}
