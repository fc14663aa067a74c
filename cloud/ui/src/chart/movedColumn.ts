/** Where a key leads from one of the columns 0 … `last`; null for a key that does not move. */
export function movedColumn(key: string, at: number, last: number): number | null {
  const to: Record<string, number> = { ArrowLeft: at - 1, ArrowDown: at - 1, ArrowRight: at + 1, ArrowUp: at + 1, Home: 0, End: last };
  const next = to[key];
  return next === undefined ? null : Math.min(Math.max(next, 0), last);
}
