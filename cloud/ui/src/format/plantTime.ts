/** Wall-clock text of the plant's zone, as pickers use it: `YYYY-MM-DD HH:mm:ss`. */
export function wallClock(ms: number, timeZone: string): string {
  const parts = new Intl.DateTimeFormat("en-CA", {
    timeZone,
    hourCycle: "h23",
    year: "numeric",
    month: "2-digit",
    day: "2-digit",
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
  }).formatToParts(ms);
  const at = Object.fromEntries(parts.map((part) => [part.type, part.value]));
  return `${at["year"]}-${at["month"]}-${at["day"]} ${at["hour"]}:${at["minute"]}:${at["second"]}`;
}

/**
 * Milliseconds since the epoch of a wall-clock text in a zone.
 * A time that a clock change skips moves forward by the gap; of a doubled one the offset found second wins.
 */
export function fromWallClock(text: string, timeZone: string): number {
  const asUtc = Date.parse(`${text.trim().replace(" ", "T")}Z`);
  const offset = (ms: number) => Date.parse(`${wallClock(ms, timeZone).replace(" ", "T")}Z`) - ms;
  const first = asUtc - offset(asUtc);
  return asUtc - offset(first);
}
