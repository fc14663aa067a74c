import { infiniteQueryOptions, keepPreviousData, queryOptions } from "@tanstack/react-query";
import { answered, api } from "./client";

/** Stops change with the readings: a page about a running shift asks again by itself. */
export const AGAIN_MS = 15_000;

export interface StopsAsked {
  scope: string;
  start: string;
  end: string;
  reason?: string;
  category?: "breakdown" | "setup" | "waiting";
}

const PAGE = 100;

export const stopsQuery = (query: StopsAsked, isRunning: boolean) =>
  infiniteQueryOptions({
    queryKey: ["downtime", "stops", query],
    queryFn: ({ pageParam }) =>
      answered(api.GET("/api/v1/downtime", { params: { query: { ...query, limit: PAGE, ...(pageParam === null ? {} : { after: pageParam }) } } })),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next,
    placeholderData: keepPreviousData,
    refetchInterval: isRunning ? AGAIN_MS : false,
  });

/** The stop whose key is open, whatever filter the list has: the one that begins then, else the one that goes over that time now, else none. */
export const stopQuery = (key: string, isRunning: boolean) =>
  queryOptions({
    queryKey: ["downtime", "stop", key],
    queryFn: async () => {
      const at = key.indexOf("@");
      const [machine, start] = [key.slice(0, at), key.slice(at + 1)];
      const end = new Date(Date.parse(start) + 1000).toISOString();
      const { items } = await answered(api.GET("/api/v1/downtime", { params: { query: { scope: `machine:${machine}`, start, end } } }));
      return items.find((stop) => stop.start === start) ?? items[0] ?? null;
    },
    refetchInterval: isRunning ? AGAIN_MS : false,
  });

/** The states of one machine over a window, for the picture above its stops. */
export const statesQuery = (machine: string, start: string, end: string, isRunning: boolean) =>
  queryOptions({
    queryKey: ["downtime", "states", machine, start, end],
    queryFn: () => answered(api.GET("/api/v1/oee", { params: { query: { scope: `machine:${machine}`, start, end } } })),
    refetchInterval: isRunning ? AGAIN_MS : false,
  });

export const shiftsQuery = (start: string, end: string) =>
  queryOptions({
    queryKey: ["shifts", start, end],
    queryFn: () => answered(api.GET("/api/v1/calendar/shifts", { params: { query: { start, end } } })),
    staleTime: 60_000,
    placeholderData: keepPreviousData,
  });

export const reasonsQuery = queryOptions({
  queryKey: ["reasons", "tree"],
  queryFn: () => answered(api.GET("/api/v1/downtime/reasons")),
  staleTime: 60_000,
});

export const recentReasonsQuery = (machine: string) =>
  queryOptions({
    queryKey: ["downtime", "recent", machine],
    queryFn: () => answered(api.GET("/api/v1/downtime/reasons/recent", { params: { query: { machine, limit: 6 } } })),
  });

export const changesQuery = (machine: string, start: string, end: string) =>
  queryOptions({
    queryKey: ["downtime", "changes", machine, start, end],
    queryFn: () => answered(api.GET("/api/v1/downtime/history", { params: { query: { machine, start, end } } })),
  });

export interface ParetoAsked {
  scope: string;
  start: string;
  end: string;
  by: "reason" | "machine" | "category";
  measure: "minutes" | "count" | "customer_impact";
}

export const paretoQuery = (query: ParetoAsked, isRunning: boolean) =>
  queryOptions({
    queryKey: ["downtime", "pareto", query],
    queryFn: () => answered(api.GET("/api/v1/downtime/pareto", { params: { query } })),
    placeholderData: keepPreviousData,
    refetchInterval: isRunning ? AGAIN_MS : false,
  });

export const rulesQuery = queryOptions({
  queryKey: ["reasons", "rules"],
  queryFn: () => answered(api.GET("/api/v1/downtime/rules")),
});

export const codesQuery = queryOptions({
  queryKey: ["reasons", "codes"],
  queryFn: () => answered(api.GET("/api/v1/downtime/codes")),
});

export const manualMachinesQuery = queryOptions({
  queryKey: ["manual", "machines"],
  queryFn: () => answered(api.GET("/api/v1/manual/machines")),
});

export const sheetsQuery = (machine: string, start: string, end: string) =>
  queryOptions({
    queryKey: ["manual", "sheets", machine, start, end],
    queryFn: () => answered(api.GET("/api/v1/manual/sheets", { params: { query: { machine, start, end } } })),
  });

export const sheetVersionsQuery = (machine: string, start: string) =>
  queryOptions({
    queryKey: ["manual", "versions", machine, start],
    queryFn: () => answered(api.GET("/api/v1/manual/sheets/versions", { params: { query: { machine, start } } })),
  });
