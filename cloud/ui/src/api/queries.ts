import { infiniteQueryOptions, keepPreviousData, queryOptions } from "@tanstack/react-query";
import type { OeePolicy } from "../app/search";
import { plantClock } from "../live/plantClock";
import type { operations } from "../api.gen";
import { answered, api } from "./client";

/** The first word of every key is the topic that the server names when it changes. */

export const sessionQuery = queryOptions({
  queryKey: ["session"],
  queryFn: () => answered(api.GET("/api/v1/session")),
  staleTime: 60_000,
});

export const plantQuery = queryOptions({
  queryKey: ["plant"],
  queryFn: () => answered(api.GET("/api/v1/plant")),
  staleTime: Infinity,
});

export const liveQuery = queryOptions({
  queryKey: ["live"],
  queryFn: () => answered(api.GET("/api/v1/live")),
});

/** A board follows the topic `live`; it also asks by itself, since nobody stands before it to try again. */
export const andonQuery = queryOptions({
  queryKey: ["live", "andon"],
  queryFn: () => answered(api.GET("/api/v1/live/andon")),
  refetchInterval: 5_000,
  refetchIntervalInBackground: true,
});

/** The raw readings behind a stretch of one machine's time. */
export const explainQuery = (machine: string, from: string, to: string) =>
  queryOptions({
    queryKey: ["segments", "explain", machine, from, to],
    queryFn: () => answered(api.GET("/api/v1/oee/explain", { params: { query: { scope: `machine:${machine}`, from, to, events: 2000 } } })),
  });

export const reportQuery = (scope: string, at: string | undefined) =>
  queryOptions({
    queryKey: ["report", scope, at],
    queryFn: () => answered(api.GET("/api/v1/report/shift", { params: { query: at === undefined ? { scope } : { scope, at } } })),
    refetchInterval: ({ state }) => (state.data?.shift.running === false ? false : 60_000),
    placeholderData: keepPreviousData,
  });

/** What OEE is asked for: a scope, a policy (ISO 22400 by default), and a named period or both ends of a window. */
export interface OeeAsked {
  scope: string;
  policy?: OeePolicy;
  period?: "shift" | "previous_shift" | "today" | "last_24h";
  start?: string;
  end?: string;
}

/** Whether a window ends in the past of the plant: then nothing but late data can change what it holds. */
function isOver(end: string): boolean {
  return Date.parse(end) <= (plantClock.now() ?? 0);
}

export const oeeQuery = (query: OeeAsked) =>
  queryOptions({
    queryKey: ["oee", query],
    queryFn: () => answered(api.GET("/api/v1/oee", { params: { query } })),
    placeholderData: keepPreviousData,
  });

const GROUPS_AGAIN_MS = 60_000;

/** Figures of groups in a window, asked anew while it goes on: finished shifts are added up from what the cloud keeps of them. */
export const oeeGroupsQuery = (query: { scope: string; policy?: OeePolicy; start: string; end: string; by: "hour" | "shift" | "day" | "week" | "product" }) =>
  queryOptions({
    // The end of a running window moves all the time: the same question a minute later is the same trend.
    queryKey: ["segments", "groups", query.scope, query.policy, query.by, query.start.slice(0, 13), query.end.slice(0, 16)],
    queryFn: () => answered(api.GET("/api/v1/oee", { params: { query } })),
    placeholderData: (earlier, before) => (isSameSubject(before?.queryKey, query) ? earlier : undefined),
    refetchInterval: () => (isOver(query.end) ? false : GROUPS_AGAIN_MS),
  });

function isSameSubject(key: readonly unknown[] | undefined, { scope, policy, by }: { scope: string; policy?: OeePolicy; by: string }): boolean {
  return key?.[2] === scope && key[3] === policy && key[4] === by;
}

/** One machine with its segments. Many of these stand on one page, so they follow at their own, slower pace. */
/** When a reading was sent, received and stored: nothing of it changes any more. */
export const readingQuery = (query: { stream: string; position: number; at: string }) =>
  queryOptions({
    queryKey: ["reading", query],
    queryFn: () => answered(api.GET("/api/v1/history/reading", { params: { query } })),
    staleTime: Number.POSITIVE_INFINITY,
  });

export const segmentsQuery = (machine: string, window: Omit<OeeAsked, "scope">) =>
  queryOptions({
    queryKey: ["segments", machine, window],
    queryFn: () => answered(api.GET("/api/v1/oee", { params: { query: { ...window, scope: `machine:${machine}` } } })),
    refetchInterval: () => (window.period === "previous_shift" || (window.end !== undefined && isOver(window.end)) ? false : 15_000),
  });

export interface OrdersAsked {
  limit: number;
  after?: string;
  status?: "open" | "in_production" | "completed";
  q?: string;
}

export const ordersQuery = (query: OrdersAsked) =>
  queryOptions({
    queryKey: ["orders", "list", query],
    queryFn: () => answered(api.GET("/api/v1/orders", { params: { query } })),
    placeholderData: keepPreviousData,
  });

export const threadQuery = (number: string, events: number, units: number) =>
  queryOptions({
    queryKey: ["orders", "thread", number, events, units],
    queryFn: () =>
      answered(api.GET("/api/v1/orders/{number}/thread", { params: { path: { number }, query: { events, units } } })),
    placeholderData: (earlier, query) => (query?.queryKey[2] === number ? earlier : undefined),
  });

export const auditQuery = (query: NonNullable<operations["audit_log_api_v1_audit_log_get"]["parameters"]["query"]>) =>
  queryOptions({
    queryKey: ["audit", query],
    queryFn: () => answered(api.GET("/api/v1/audit/log", { params: { query } })),
    placeholderData: keepPreviousData,
    // What was done a moment ago is looked for here.
    staleTime: 0,
  });

/** How many alarms are active; the list itself is `alarmsQuery`. */
export const alarmCountQuery = queryOptions({
  queryKey: ["alarms", "count"],
  queryFn: () => answered(api.GET("/api/v1/alarms", { params: { query: { state: "active", limit: 1 } } })),
  select: (page) => page.active,
});

export const alarmsQuery = (state: "active" | "all") =>
  infiniteQueryOptions({
    queryKey: ["alarms", "list", state],
    queryFn: ({ pageParam }) =>
      answered(api.GET("/api/v1/alarms", { params: { query: { state, limit: 50, ...(pageParam === null ? {} : { after: pageParam }) } } })),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next,
    placeholderData: keepPreviousData,
  });

export const alarmQuery = (alarm_id: number) =>
  queryOptions({
    queryKey: ["alarms", "one", alarm_id],
    queryFn: () => answered(api.GET("/api/v1/alarms/{alarm_id}", { params: { path: { alarm_id } } })),
  });

export const conditionQuery = (machine: string, start: string, end: string) =>
  queryOptions({
    queryKey: ["condition", machine, start, end],
    queryFn: () =>
      answered(
        api.GET("/api/v1/machines/{machine}/condition", {
          params: { path: { machine }, query: { start, end } },
        }),
      ),
    placeholderData: (earlier, query) => (query?.queryKey[1] === machine ? earlier : undefined),
  });

export const systemQuery = queryOptions({
  queryKey: ["system", "state"],
  queryFn: () => answered(api.GET("/api/v1/system")),
});

export const quarantineQuery = queryOptions({
  queryKey: ["system", "quarantine"],
  queryFn: () => answered(api.GET("/api/v1/system/quarantine")),
});

/** The fleet; a gateway that says nothing new still grows older, so it is asked for without a cue too. */
export const gatewaysQuery = queryOptions({
  queryKey: ["gateways", "fleet"],
  queryFn: () => answered(api.GET("/api/v1/gateways")),
  refetchInterval: 5_000,
});

/** The same gateways for the mark in the top bar, which stands on every page: a key of its own, or it would follow each change of the fleet. */
export const backlogQuery = queryOptions({
  queryKey: ["backlog"],
  queryFn: () => answered(api.GET("/api/v1/gateways")),
  refetchInterval: 10_000,
});

export const tagsQuery = (group: string, node: string, device: string) =>
  queryOptions({
    queryKey: ["gateways", "tags", group, node, device],
    queryFn: () =>
      answered(api.GET("/api/v1/gateways/{group}/{node}/devices/{device}/tags", { params: { path: { group, node, device } } })),
    refetchInterval: 2_000,
  });

export const commandsQuery = queryOptions({
  queryKey: ["gateways", "commands"],
  queryFn: () => answered(api.GET("/api/v1/gateways/commands", { params: { query: { limit: 200 } } })),
  refetchInterval: (query) => (query.state.data?.some(({ state }) => state === "pending" || state === "sent") ? 1_000 : 15_000),
});

/** Signals by words; the next page continues after the last address of this one. */
export const historyTagsQuery = (q: string) =>
  infiniteQueryOptions({
    queryKey: ["history", "tags", q],
    queryFn: ({ pageParam }) =>
      answered(api.GET("/api/v1/history/tags", { params: { query: { q, limit: 60, ...(pageParam === null ? {} : { after: pageParam }) } } })),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next,
    placeholderData: keepPreviousData,
  });

export const seriesQuery = (query: { tag: string[]; start: string; end: string; points: number }) =>
  queryOptions({
    queryKey: ["history", "series", query],
    queryFn: () => answered(api.GET("/api/v1/history/series", { params: { query } })),
    enabled: query.tag.length > 0,
    placeholderData: keepPreviousData,
  });

export const bindingsQuery = queryOptions({
  queryKey: ["bindings", "now"],
  queryFn: () => answered(api.GET("/api/v1/bindings")),
});

export const versionsQuery = (tag: string) =>
  queryOptions({
    queryKey: ["bindings", "versions", tag],
    queryFn: () => answered(api.GET("/api/v1/bindings/versions", { params: { query: { tag } } })),
  });

export const mappingsQuery = queryOptions({
  queryKey: ["history", "mappings"],
  queryFn: () => answered(api.GET("/api/v1/history/mappings")),
});

export const tokensQuery = queryOptions({
  queryKey: ["tokens", "list"],
  queryFn: () => answered(api.GET("/api/v1/tokens")),
});

export const tokenRolesQuery = queryOptions({
  queryKey: ["tokens", "roles"],
  queryFn: () => answered(api.GET("/api/v1/tokens/roles")),
  staleTime: 60_000,
});
