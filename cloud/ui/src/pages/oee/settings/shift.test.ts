import { describe, expect, it } from "vitest";
import type { Schemas } from "../../../api/client";
import { draftOf, emptyShift, runsOf, shiftOf } from "./shift";

const LATE: Schemas["ShiftPatternOut"] = {
  id: "late",
  name: { zh: "中班", en: "Late" },
  valid_from: null,
  until: null,
  start: "16:00",
  end: "00:00",
  days: ["tue", "mon"],
  breaks: [{ start: "19:30", end: "20:00", name: { zh: "晚餐", en: "Dinner" } }],
  username: null,
};

describe("a change of a shift", () => {
  it("begins as the shift is, its days in the order of the week", () => {
    const draft = draftOf(LATE, "2026-03-09", "en");
    expect(draft.breaks[0]?.name).toBe("Dinner");
    expect(shiftOf(draft, "Break")).toEqual({ valid_from: "2026-03-09", start: "16:00", end: "00:00", days: ["mon", "tue"], breaks: [{ start: "19:30", end: "20:00", name: { zh: "Dinner", en: "Dinner" } }], name: null });
  });

  it("needs a day and times; no days at all end the shift", () => {
    const draft = draftOf(LATE, "2026-03-09", "zh");
    for (const part of [{ from: "" }, { start: "4 pm" }, { end: "" }, { breaks: [{ start: "19:30", end: "", name: "" }] }]) expect(shiftOf({ ...draft, ...part }, "休息")).toBeNull();
    expect(shiftOf({ ...draft, days: [] }, "休息")?.days).toEqual([]);
    expect(shiftOf({ ...draft, breaks: [{ start: "17:00", end: "17:10", name: " " }] }, "休息")?.breaks?.[0]?.name.zh).toBe("休息");
  });

  it("of a new shift needs an id and both names", () => {
    const fresh = { ...emptyShift("2026-03-14"), start: "08:00", end: "16:00" };
    expect(shiftOf(fresh, "x")).toBeNull();
    expect(shiftOf({ ...fresh, id: "weekend", zh: "周末班" }, "x")).toBeNull();
    expect(shiftOf({ ...fresh, id: "weekend", zh: "周末班", en: "Weekend" }, "x")?.name).toEqual({ zh: "周末班", en: "Weekend" });
  });
});

describe("weekdays as runs", () => {
  it("joins three or more in a row and leaves others alone", () => {
    expect(runsOf(["sat", "mon", "tue", "wed"])).toEqual([["mon", "wed"], ["sat"]]);
    expect(runsOf(["sun", "sat", "mon"])).toEqual([["mon"], ["sat"], ["sun"]]);
    expect(runsOf([])).toEqual([]);
  });
});
