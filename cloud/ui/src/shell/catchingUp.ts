import type { Schemas } from "../api/client";

/** Batches that are on their way at any time; fewer waiting are no backlog. */
const ALWAYS_WAITING = 100;

/** Which share (0–1) of what the gateways hold has been stored, or null when no backlog is coming in. */
export function shareArrived(gateways: readonly Schemas["FleetGateway"][]): number | null {
  let batches = 0;
  let waiting = 0;
  let held = 0;
  for (const { spool, online } of gateways) {
    if (!online || spool === null || spool.held_bytes === null) continue;
    batches += spool.waiting_batches;
    waiting += spool.waiting_bytes;
    held += Math.max(spool.held_bytes, spool.waiting_bytes);
  }
  return batches < ALWAYS_WAITING || held === 0 ? null : 1 - waiting / held;
}
