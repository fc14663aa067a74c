import { keepPreviousData, queryOptions } from "@tanstack/react-query";
import { answered, api } from "./client";

/** What people set beside the figures; whoever changes one of them asks for all anew. */
export const targetsQuery = queryOptions({
  queryKey: ["standards", "targets"],
  queryFn: () => answered(api.GET("/api/v1/oee/targets")),
});

export const flowsQuery = queryOptions({
  queryKey: ["standards", "flows"],
  queryFn: () => answered(api.GET("/api/v1/oee/lines")),
});

export const cyclesQuery = queryOptions({
  queryKey: ["standards", "cycles"],
  queryFn: () => answered(api.GET("/api/v1/production/ideal-cycles")),
});

export const patternsQuery = queryOptions({
  queryKey: ["standards", "patterns"],
  queryFn: () => answered(api.GET("/api/v1/calendar/patterns")),
});

export const daysQuery = queryOptions({
  queryKey: ["standards", "days"],
  queryFn: () => answered(api.GET("/api/v1/calendar/exceptions")),
});

export const scrapQuery = (from: string, to: string) =>
  queryOptions({
    queryKey: ["scrap", from, to],
    queryFn: () => answered(api.GET("/api/v1/oee/scrap", { params: { query: { scope: "site", from, to } } })),
    placeholderData: keepPreviousData,
  });
