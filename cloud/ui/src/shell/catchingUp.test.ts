import { describe, expect, it } from "vitest";
import type { Schemas } from "../api/client";
import { shareArrived } from "./catchingUp";

type Gateway = Schemas["FleetGateway"];

const gateway = (waiting: number, waitingBytes: number, heldBytes: number, online = true): Gateway =>
  ({
    online,
    spool: { waiting_batches: waiting, waiting_bytes: waitingBytes, oldest_s: null, held_bytes: heldBytes, max_bytes: null, dropped: 0, trouble: null },
  }) as Gateway;

describe("shareArrived", () => {
  it("is the share of bytes with a receipt over all gateways", () => {
    expect(shareArrived([gateway(300, 3000, 4000), gateway(200, 1000, 4000)])).toBeCloseTo(0.5);
  });

  it("says nothing of what is always on its way", () => {
    expect(shareArrived([gateway(12, 300, 4000)])).toBeNull();
    expect(shareArrived([])).toBeNull();
  });

  it("leaves out gateways that are away: their backlog does not come in", () => {
    expect(shareArrived([gateway(900, 9000, 9000, false), gateway(2, 10, 10)])).toBeNull();
  });

  it("never shows less than nothing while the two figures are reported apart", () => {
    expect(shareArrived([gateway(500, 5000, 4000)])).toBe(0);
  });
});
