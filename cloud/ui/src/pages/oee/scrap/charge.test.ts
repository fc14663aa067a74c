import { describe, expect, it } from "vitest";
import type { Schemas } from "../../../api/client";
import { chargeOf, jobsOf, type ScrapDraft } from "./charge";

const DRAFT: ScrapDraft = { how: "serial", serial: " 1042-17 ", machine: null, job: null, quantity: 3, atMs: Date.UTC(2026, 2, 2), foundAt: " test ", reason: " cracked " };
const span = (job: number, good: number): Schemas["JobSegment"] => ({
  start: "2026-03-02T00:00:00.000Z", end: "2026-03-02T01:00:00.000Z", job, order: null, customer: null, product: null, customer_name: null, ideal_cycle_s: null, good, rejected: 0,
});

describe("a charge of scrap", () => {
  it("by serial is one part, wherever it was counted", () => {
    expect(chargeOf(DRAFT, "r")).toEqual({ request: "r", reason: "cracked", found_at: "test", serial: "1042-17", machine: null, quantity: 1 });
    expect(chargeOf({ ...DRAFT, serial: " " }, "r")).toBeNull();
    expect(chargeOf({ ...DRAFT, reason: " " }, "r")).toBeNull();
  });

  it("by job needs machine, job and a whole number of parts", () => {
    const draft: ScrapDraft = { ...DRAFT, how: "job", machine: "M1", job: 104210 };
    expect(chargeOf(draft, "r")).toEqual({ request: "r", reason: "cracked", found_at: "test", machine: "M1", job: 104210, quantity: 3, at: "2026-03-02T00:00:00.000Z" });
    for (const part of [{ machine: null }, { job: null }, { quantity: 0 }, { quantity: 1.5 }]) expect(chargeOf({ ...draft, ...part }, "r")).toBeNull();
  });

  it("offers each job once, the latest first, none without good parts", () => {
    expect(jobsOf([span(101, 5), span(0, 2), span(201, 7), span(101, 4), span(301, 0)]).map(({ job, good }) => [job, good])).toEqual([[101, 9], [201, 7]]);
  });
});
