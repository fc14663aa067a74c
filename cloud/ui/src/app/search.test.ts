import { describe, expect, it } from "vitest";
import { alarmsSearch, historySearch, loginSearch, oeeSearch, ordersSearch } from "./search";

describe("addresses", () => {
  it("keep a known scope and period and drop anything else", () => {
    expect(oeeSearch({ scope: "line:L1", period: "today", other: 1 })).toEqual({ scope: "line:L1", period: "today" });
    expect(oeeSearch({ scope: "galaxy", period: "aeon", policy: "mine" })).toEqual({});
    expect(oeeSearch({ policy: "vorne" })).toEqual({ policy: "vorne" });
  });

  it("take a window only when it has both ends in order", () => {
    const [start, end] = ["2026-03-02T00:00:00.000Z", "2026-03-02T08:00:00.000Z"];
    expect(oeeSearch({ start, end, period: "today" })).toEqual({ start, end });
    expect(oeeSearch({ start: end, end: start })).toEqual({});
    expect(oeeSearch({ start })).toEqual({});
  });

  it("keep signals with a whole address, each once, and no more than a chart shows", () => {
    expect(historySearch({ tags: ["a/b/c/d", "a/b/c/d", "x", 3], hours: 24 })).toEqual({ tags: ["a/b/c/d"], hours: 24 });
    const many = Array.from({ length: 20 }, (_, n) => `a/b/c/${n}`);
    expect(historySearch({ tags: many, hours: 5 }).tags).toHaveLength(8);
    expect(historySearch({ tags: "a/b/c/d" })).toEqual({});
    expect(historySearch({ tags: ["a/b/c/Zone 1/Temperature", "a/b/c"] })).toEqual({ tags: ["a/b/c/Zone 1/Temperature"] });
  });

  it("keep a period of one's own beside what was zoomed into, and no hours beside it", () => {
    const period = { from: "2026-03-01T00:00:00.000Z", to: "2026-03-02T00:00:00.000Z" };
    const zoom = { start: "2026-03-01T06:00:00.000Z", end: "2026-03-01T08:00:00.000Z" };
    expect(historySearch({ ...period, ...zoom, hours: 720 })).toEqual({ ...period, ...zoom });
    expect(historySearch({ from: period.to, to: period.from, hours: 720 })).toEqual({ hours: 720 });
    expect(historySearch({ hours: 336, ...zoom })).toEqual({ hours: 336, ...zoom });
  });

  it("never lead from the login to another site", () => {
    expect(loginSearch({ back: "/orders?q=1" })).toEqual({ back: "/orders?q=1" });
    for (const back of ["//evil.example", "/\\evil.example", "https://evil.example", "javascript:alert(1)", ""])
      expect(loginSearch({ back })).toEqual({});
  });

  it("read numbers that a router parsed out of text", () => {
    expect(ordersSearch({ q: 2603, status: "open" })).toEqual({ q: "2603", status: "open" });
    expect(ordersSearch({ status: "lost" })).toEqual({});
    expect(alarmsSearch({ id: "12", show: "all" })).toEqual({ id: 12, show: "all" });
    expect(alarmsSearch({ id: "-3", show: "some" })).toEqual({});
  });
});
