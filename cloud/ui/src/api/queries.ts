import { keepPreviousData, queryOptions } from "@tanstack/react-query";
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

/** What OEE is asked for: a scope, and a named period or both ends of a window. */
export interface OeeAsked {
  scope: string;
  period?: "shift" | "previous_shift" | "today" | "last_24h";
  start?: string;
  end?: string;
}

export const oeeQuery = (query: OeeAsked) =>
  queryOptions({
    queryKey: ["oee", query],
    queryFn: () => answered(api.GET("/api/v1/oee", { params: { query } })),
    placeholderData: keepPreviousData,
  });

/** One machine with its segments. Many of these stand on one page, so they follow at their own, slower pace. */
export const segmentsQuery = (machine: string, window: Omit<OeeAsked, "scope">) =>
  queryOptions({
    queryKey: ["segments", machine, window],
    queryFn: () => answered(api.GET("/api/v1/oee", { params: { query: { ...window, scope: `machine:${machine}` } } })),
    refetchInterval: window.period === "previous_shift" || window.end !== undefined ? false : 15_000,
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

export const alarmsQuery = (query: { state: "active" | "all"; limit: number; after?: string }) =>
  queryOptions({
    queryKey: ["alarms", "list", query],
    queryFn: () => answered(api.GET("/api/v1/alarms", { params: { query } })),
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
