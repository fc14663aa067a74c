import type { Schemas } from "../api/client";
import type { Formats } from "../format/formats";
import type { zh } from "../i18n/zh";

type Limited = Pick<Schemas["AlarmOut"], "kind" | "limit" | "unit">;

/** Whether an alarm says that a figure misses what people set, not that a signal leaves its own past. */
export function isOffTarget({ kind }: Pick<Limited, "kind">): boolean {
  return kind.endsWith("_off_target");
}

/** What an alarm was judged by, in words: "target 98.0%", "limit 4.20 mm/s". */
export function limitText(alarm: Limited, f: Formats, t: typeof zh): string {
  const limit = f.measured(alarm.limit, alarm.unit);
  return isOffTarget(alarm) ? t.alarms.targetIs(limit) : t.alarms.limitIs(limit);
}
