import type { Schemas } from "../../api/client";

type Gateway = Schemas["GatewayOut"];

/** Seconds at which the scale bears a mark. */
export const MARKS_S = [1, 10, 60, 600, 3600];

const LONGEST_S = 7200;

/** How far along a logarithmic scale from now to two hours an age lies, 0–1. */
export function reach(ageS: number): number {
  return Math.min(1, Math.log1p(ageS) / Math.log1p(LONGEST_S));
}

/** Gateways whose newest batch is oldest first; those that never stored anything come last. */
export function byAge(gateways: Gateway[]): Gateway[] {
  return [...gateways].sort((a, b) => (b.watermark_age_s ?? -1) - (a.watermark_age_s ?? -1) || a.node.localeCompare(b.node));
}
