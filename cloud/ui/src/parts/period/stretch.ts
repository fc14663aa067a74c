/** Both ends of a window, ISO 8601 UTC, half-open. */
export interface Stretch {
  start: string;
  end: string;
}

const DAY_MS = 86_400_000;

/** What is wrong with a window (ms since the epoch): its ends, or its length; null when nothing is. */
export function wrongStretch(startMs: number, endMs: number, longestDays?: number): "order" | "length" | null {
  if (!(startMs < endMs)) return "order";
  return longestDays !== undefined && endMs - startMs > longestDays * DAY_MS ? "length" : null;
}
