import type { Schemas } from "../../../api/client";

export const HOWS = ["serial", "job"] as const;

/** A charge while it is being written. */
export interface ScrapDraft {
  how: (typeof HOWS)[number];
  serial: string;
  machine: string | null;
  job: number | null;
  quantity: number;
  atMs: number;
  foundAt: string;
  reason: string;
}

/** The charge that a draft says, null while something is missing; a serial's time is that of its count. */
export function chargeOf(draft: ScrapDraft, request: string): Schemas["ScrapIn"] | null {
  const reason = draft.reason.trim();
  if (reason === "") return null;
  const said = { request, reason, found_at: draft.foundAt.trim() };
  if (draft.how === "serial") {
    const serial = draft.serial.trim();
    return serial === "" ? null : { ...said, serial, machine: draft.machine, quantity: 1 };
  }
  if (draft.machine === null || draft.job === null || !Number.isInteger(draft.quantity) || draft.quantity < 1) return null;
  return { ...said, machine: draft.machine, job: draft.job, quantity: draft.quantity, at: new Date(draft.atMs).toISOString() };
}

/** Each job once with all its good parts, the latest first; time without a job is none. */
export function jobsOf(spans: Schemas["JobSegment"][]): Schemas["JobSegment"][] {
  const found = new Map<number, Schemas["JobSegment"]>();
  for (const span of spans) {
    const good = (found.get(span.job)?.good ?? 0) + span.good;
    found.delete(span.job);
    if (span.job > 0) found.set(span.job, { ...span, good });
  }
  return [...found.values()].filter(({ good }) => good > 0).reverse();
}
