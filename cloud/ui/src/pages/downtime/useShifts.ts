import { useQuery } from "@tanstack/react-query";
import type { Schemas } from "../../api/client";
import { shiftsQuery } from "../../api/downtime";
import { usePlantNow } from "../../live/usePlantNow";

export type ShiftWindow = Schemas["ShiftOut"] & { isRunning: boolean };

const HOUR_MS = 3_600_000;
const DAYS_BACK = 10;

const LOOK_MS = 5_000;

/** The shifts of the last days, the newest first, and plant time: a page that is left open goes on to the next shift. */
export function useShifts() {
  const now = usePlantNow(LOOK_MS) ?? 0;
  const until = Math.floor(now / HOUR_MS) * HOUR_MS + HOUR_MS;
  const query = useQuery(shiftsQuery(new Date(until - DAYS_BACK * 24 * HOUR_MS).toISOString(), new Date(until).toISOString()));
  const begun = (query.data ?? []).filter(({ start }) => Date.parse(start) <= now);
  return { query, now, shifts: begun.map((shift): ShiftWindow => ({ ...shift, isRunning: Date.parse(shift.end) > now })) };
}
