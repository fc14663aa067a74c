import { type DowntimeSearch, type ParetoSearch, STOP_CATEGORIES } from "../../../app/search";

/** The address of the stops that a bar sums up; minor stops have none of their own, they stand folded below the list. */
export function stopsBehind(
  key: string | null,
  by: NonNullable<ParetoSearch["by"]>,
  scope: string,
  window: { start: string; end: string },
): DowntimeSearch {
  if (by === "machine") return { scope: `machine:${key ?? ""}`, ...window };
  if (key === "minor_stops") return { scope, ...window };
  if (by === "reason") return { scope, ...window, reason: key ?? "unassigned" };
  const category = STOP_CATEGORIES.find((known) => known === key);
  return category === undefined ? { scope, ...window } : { scope, ...window, category };
}
