import { describe, expect, it } from "vitest";
import { conditionWindow } from "./conditionWindow";

describe("the window of a condition chart", () => {
  const raised = "2026-03-02T12:03:00.000Z";

  it("stays the same question while plant time moves within a step", () => {
    const at = Date.parse("2026-03-02T13:01:00.000Z");
    expect(conditionWindow(raised, null, at)).toEqual(conditionWindow(raised, null, at + 300_000));
  });

  it("shows the hours before the alarm and ends after it cleared", () => {
    const { start, end } = conditionWindow(raised, "2026-03-02T13:00:00.000Z", null);
    expect(Date.parse(raised) - Date.parse(start)).toBe(6 * 3_600_000);
    expect(end).toBe("2026-03-02T15:00:00.000Z");
  });

  it("never asks for more than a day", () => {
    const { start, end } = conditionWindow(raised, null, Date.parse("2026-03-09T00:00:00.000Z"));
    expect(Date.parse(end) - Date.parse(start)).toBe(24 * 3_600_000);
  });
});
