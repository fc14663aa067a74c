import { describe, expect, it } from "vitest";
import { fromWallClock, wallClock } from "./plantTime";

describe("plant wall clock", () => {
  it("is the plant's zone, not the browser's", () => {
    expect(wallClock(Date.parse("2026-03-02T08:00:00Z"), "Asia/Shanghai")).toBe("2026-03-02 16:00:00");
    expect(wallClock(Date.parse("2026-03-02T16:00:00Z"), "Asia/Shanghai")).toBe("2026-03-03 00:00:00");
  });

  it("comes back to the same instant in zones with and without summer time", () => {
    for (const zone of ["Asia/Shanghai", "Europe/Berlin", "America/New_York", "Asia/Kolkata"]) {
      for (const at of ["2026-01-15T03:30:00Z", "2026-07-15T12:00:00Z", "2026-03-29T00:59:00Z", "2026-03-29T01:01:00Z"]) {
        const ms = Date.parse(at);
        expect(fromWallClock(wallClock(ms, zone), zone)).toBe(ms);
      }
    }
  });
});
