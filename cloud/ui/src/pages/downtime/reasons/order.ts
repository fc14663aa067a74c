import type { Reason } from "../reasonTree";

/** The ids of the reasons beside this one, itself among them, in their order. */
export function siblingsOf(reasons: Reason[], reason: Reason): string[] {
  return reasons.filter(({ parent }) => parent === reason.parent).map(({ id }) => id);
}

/** The list with the element at a place moved by one; the same list at its ends. */
export function moved<T>(list: readonly T[], at: number, by: -1 | 1): T[] {
  const next = [...list];
  const [one, other] = [next[at], next[at + by]];
  if (one === undefined || other === undefined) return next;
  [next[at], next[at + by]] = [other, one];
  return next;
}
