import { fromWallClock, wallClock } from "../../format/plantTime";

const CLOCK = /^([01]?\d|2[0-3]):([0-5]\d)(?::([0-5]\d))?$/;

/**
 * The instant (ms) at which a clock of the plant shows a time of day inside `[start, end]`; null when it never does.
 * A shift over midnight has the time on one of its two days.
 */
export function clockInside(text: string, start: number, end: number, timeZone: string): number | null {
  const found = CLOCK.exec(text.trim());
  if (found === null) return null;
  const clock = `${(found[1] ?? "").padStart(2, "0")}:${found[2]}:${found[3] ?? "00"}`;
  for (const day of [start, end]) {
    const at = fromWallClock(`${wallClock(day, timeZone).slice(0, 10)} ${clock}`, timeZone);
    if (start <= at && at <= end) return at;
  }
  return null;
}
