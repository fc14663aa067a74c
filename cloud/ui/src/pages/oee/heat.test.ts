import { describe, expect, it } from "vitest";
import type { Schemas } from "../../api/client";
import { VORNE } from "./figure.fixture";
import { dayStart, fullHour, HOURS, heatKind, heatRows, hourOf, shiftColumns, shiftOf, weekStart } from "./heat";

const group = (start: string, name: string | null = null, figure: Partial<Schemas["Figure"]> = {}): Schemas["OeeGroup"] => ({
  key: start,
  name: name === null ? null : { zh: name, en: name },
  start,
  end: start,
  figure: { ...VORNE, ...figure },
  off_target: [],
  provenance: { from_totals: 0, reckoned: 1, computed: null, changed: null, why: null },
});

describe("the heat map", () => {
  it("keeps both of the hours that the end of summer time doubles", () => {
    const zone = "Europe/Berlin";
    const hours = ["2026-10-25T00:00:00Z", "2026-10-25T01:00:00Z", "2026-10-25T02:00:00Z"].map((at) => group(at));
    const [row] = heatRows(hours, zone, HOURS, (each) => hourOf(each, zone));
    expect(row?.cells[2]).toHaveLength(2);
    expect(row?.cells[3]).toHaveLength(1);
  });

  it("puts a night shift on the day it began, shifts by their start, the latest day first", () => {
    const zone = "Asia/Shanghai";
    const shifts = [group("2026-03-01T12:00:00Z", "Night"), group("2026-03-02T00:00:00Z", "Day"), group("2026-03-02T12:00:00Z", "Night")];
    const columns = shiftColumns(shifts, zone);
    expect(columns).toEqual(["Day", "Night"]);
    const rows = heatRows(shifts, zone, columns, shiftOf);
    expect(rows.map(({ day }) => day)).toEqual(["2026-03-02", "2026-03-01"]);
    expect(rows[1]?.cells.map((cell) => cell.length)).toEqual([0, 1]);
  });

  it("tells no plan from nobody watching, and a figure seen too little from a good one", () => {
    const at = "2026-03-01T00:00:00Z";
    expect(heatKind(group(at, null, { planned_s: 0, oee: null, coverage: null }))).toBe("unplanned");
    expect(heatKind(group(at, null, { oee: null, coverage: 0 }))).toBe("unseen");
    expect(heatKind(group(at, null, { coverage: 0.89 }))).toBe("thin");
    expect(heatKind(group(at, null, { coverage: 0.9 }))).toBe("figure");
  });

  it("asks up to the full hour, which a window that ends on it is not moved from", () => {
    expect(fullHour("2026-03-31T10:00:00.001Z")).toBe("2026-03-31T11:00:00.000Z");
    expect(fullHour("2026-03-31T11:00:00.000Z")).toBe("2026-03-31T11:00:00.000Z");
  });

  it("begins at the plant's midnight, also across a clock change", () => {
    expect(weekStart("2026-03-31T10:00:00Z", "Europe/Berlin")).toBe("2026-03-24T23:00:00.000Z");
    expect(dayStart("2026-03-31T10:00:00Z", "Europe/Berlin")).toBe("2026-03-30T22:00:00.000Z");
    expect(dayStart("2026-03-30T22:00:00Z", "Europe/Berlin")).toBe("2026-03-29T22:00:00.000Z");
  });
});
