import { describe, expect, it } from "vitest";
import { type DayDraft, dayOf, isClock } from "./day";

const DRAFT: DayDraft = { day: "2026-05-01", kind: "closed", shift: null, start: "", end: "", note: " 劳动节 " };

describe("a day that is otherwise", () => {
  it("closes all shifts, or the one that is named", () => {
    expect(dayOf(DRAFT)).toEqual({ day: "2026-05-01", kind: "closed", shift: null, start: null, end: null, note: "劳动节" });
    expect(dayOf({ ...DRAFT, shift: "late", start: "nonsense" })).toMatchObject({ shift: "late", start: null });
    expect(dayOf({ ...DRAFT, day: "" })).toBeNull();
  });

  it("with other times needs the shift and one time", () => {
    const changed: DayDraft = { ...DRAFT, kind: "changed", shift: "early" };
    expect(dayOf(changed)).toBeNull();
    expect(dayOf({ ...changed, end: "18:00" })).toMatchObject({ start: null, end: "18:00" });
    expect(dayOf({ ...changed, end: "18:00", shift: null })).toBeNull();
    expect(dayOf({ ...changed, end: "6 pm" })).toBeNull();
  });

  it("with an extra shift needs both times, not a name", () => {
    const extra: DayDraft = { ...DRAFT, kind: "extra", start: "22:00" };
    expect(dayOf(extra)).toBeNull();
    expect(dayOf({ ...extra, end: "02:00" })).toMatchObject({ shift: null, start: "22:00", end: "02:00" });
  });

  it("takes times of a day alone", () => {
    expect(["00:00", "23:59", "24:00", "7:30", ""].map(isClock)).toEqual([true, true, false, false, false]);
  });
});
