/** What stands in the address of each page, so that a link shows the same thing to a colleague. */

type Raw = Record<string, unknown>;

export const PERIODS = ["shift", "previous_shift", "today", "last_24h"] as const;
export type Period = (typeof PERIODS)[number];

export interface OeeSearch {
  scope?: string;
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

export interface LoginSearch {
  back?: string;
}

export function oeeSearch(raw: Raw): OeeSearch {
  const found: OeeSearch = {};
  const scope = text(raw["scope"]);
  if (scope !== undefined && /^(site|line:.+|machine:.+)$/.test(scope)) found.scope = scope;
  const [start, end] = [instant(raw["start"]), instant(raw["end"])];
  if (start !== undefined && end !== undefined && start < end) return { ...found, start, end };
  const period = PERIODS.find((known) => known === raw["period"]);
  return period === undefined ? found : { ...found, period };
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
