import { describe, expect, it } from "vitest";
import { type DayDraft, dayOf, endsAfterStart, isClock } from "./day";

const DRAFT: DayDraft = { day: "2026-05-01", kind: "closed", scope: "site", shift: null, start: "", end: "", endDay: "2026-05-01", note: " 劳动节 " };

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

  it("with a planned stop needs both times, and an end after its start within 366 days", () => {
    const stop: DayDraft = { ...DRAFT, kind: "planned_stop", scope: "line:L1", shift: "late", start: "22:00" };
    expect(dayOf(stop)).toBeNull();
    expect(dayOf({ ...stop, end: "06:00" })).toBeNull();
    expect(endsAfterStart({ ...stop, end: "06:00" })).toBe(false);
    expect(dayOf({ ...stop, end: "06:00", endDay: "2026-05-02" })).toEqual({ day: "2026-05-01", kind: "planned_stop", scope: "line:L1", shift: null, start: "22:00", end: "06:00", end_day: "2026-05-02", note: "劳动节" });
    expect(dayOf({ ...stop, end: "22:00", endDay: "2027-05-02" })).toMatchObject({ end_day: "2027-05-02" });
    expect(dayOf({ ...stop, end: "22:01", endDay: "2027-05-02" })).toBeNull();
    expect(dayOf({ ...stop, end: "06:00", endDay: "" })).toBeNull();
    expect(endsAfterStart(stop)).toBe(true);
  });

  it("takes times of a day alone", () => {
    expect(["00:00", "23:59", "24:00", "7:30", ""].map(isClock)).toEqual([true, true, false, false, false]);
  });
});
