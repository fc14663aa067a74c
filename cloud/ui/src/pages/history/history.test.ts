import { describe, expect, it } from "vitest";
import type { Schemas } from "../../api/client";
import { formats } from "../../format/formats";
import { heightOf, lanesOf, placeOf } from "./lanes";
import { labelWidth, lineOf, shadesOf } from "./seriesOption";
import { shownValue } from "./shownValue";
import { periodOf, windowOf } from "./window";

const NOW = Date.parse("2026-03-02T08:00:30.500Z");

describe("the window of a chart", () => {
  it("moves by whole minutes, by seconds when it follows, and not at all when it was zoomed", () => {
    expect(windowOf({}, 1, NOW, false)).toEqual({ start: "2026-03-02T07:01:00.000Z", end: "2026-03-02T08:01:00.000Z" });
    expect(windowOf({}, 1, NOW, true)?.end).toBe("2026-03-02T08:00:31.000Z");
    const zoomed = { start: "2026-03-01T00:00:00.000Z", end: "2026-03-01T01:00:00.000Z" };
    expect(windowOf(zoomed, 1, NOW, true)).toEqual(zoomed);
    expect(windowOf({}, 1, null, false)).toBeNull();
  });

  it("is the period of one's own until it is zoomed into", () => {
    const period = { from: "2026-02-01T00:00:00.000Z", to: "2026-02-20T00:00:00.000Z" };
    const whole = { start: period.from, end: period.to };
    expect(periodOf(period)).toEqual(whole);
    expect(periodOf({ hours: 720 })).toBeNull();
    expect(windowOf(period, 8, null, false)).toEqual(whole);
    const zoomed = { start: "2026-02-03T00:00:00.000Z", end: "2026-02-03T01:00:00.000Z" };
    expect(windowOf({ ...period, ...zoomed }, 8, NOW, false)).toEqual(zoomed);
  });
});

describe("a line", () => {
  const series: Schemas["HistorySeries"] = { tag: "a/b/c/d", window_s: null, shown_from: null, before: 4, points: [], windows: [], unobserved: [], bad: [] };

  it("begins with what stood before and breaks where quality is bad", () => {
    const points = [
      { at: "2026-03-02T08:00:00.000Z", value: 5, quality: 192 },
      { at: "2026-03-02T08:00:01.000Z", value: 7, quality: 0 },
    ];
    expect(lineOf({ ...series, points }, NOW).map(([, value]) => value)).toEqual([4, 5, null]);
  });

  it("is shaded where nobody watched and where values were bad, each in its own colour", () => {
    const span = (minute: number) => ({ start: `2026-03-02T08:0${minute}:00.000Z`, end: `2026-03-02T08:0${minute + 1}:00.000Z` });
    const shades = shadesOf({ ...series, unobserved: [span(1)], bad: [span(4)] }, { unobserved: "not observed", bad: "bad" }, { unobserved: "grey", bad: "red" });
    expect(shades.map(([from, to]) => [from.name, from.itemStyle.color, to.xAxis - from.xAxis])).toEqual([["not observed", "grey", 60_000], ["bad", "red", 60_000]]);
  });

  it("shows the mean over time of windows", () => {
    const windows = [{ at: "2026-03-02T08:00:00.000Z", mean: 1, time_weighted: 2, min: 0, max: 3, first: 0, last: 3, count: 3 }];
    expect(lineOf({ ...series, window_s: 60, windows }, NOW).map(([, value]) => value)).toEqual([2]);
  });
});

describe("the lanes of a picture", () => {
  const of = (tag: string, value: number | string = 1): Schemas["HistorySeries"] => ({
    tag, window_s: null, shown_from: null, before: null, points: [{ at: "2026-03-02T08:00:00.000Z", value, quality: 192 }], windows: [], unobserved: [], bad: [],
  });

  it("give signals of one name one axis, and every other its own", () => {
    const lanes = lanesOf([of("s/g/A/condition"), of("s/g/A/good"), of("s/g/B/condition"), of("s/g/A/code", "E7"), of("s/g/B/code", "E9")]);
    expect(lanes.map(({ series, isText }) => [series, isText])).toEqual([[[0, 2], false], [[1], false], [[3], true], [[4], true]]);
    expect(lanesOf([of("s/g//bdSeq"), of("s/g/A/x/temp"), of("s/g/A/y/temp")])).toHaveLength(3);
  });

  it("lie below each other within the picture, each high enough for a curve", () => {
    for (const count of [1, 2, 3, 8]) {
      const places = Array.from({ length: count }, (_, at) => placeOf(at, count));
      const ends = places.map(({ top, height }) => top + height);
      for (const [at, { top, height }] of places.entries()) {
        expect(height).toBeGreaterThan(count === 1 ? 300 : 100);
        expect(top).toBeGreaterThanOrEqual(30 + (at === 0 ? 0 : ends[at - 1] ?? 0) - (at === 0 ? 0 : 4));
      }
      expect(heightOf(count) - (ends.at(-1) ?? 0)).toBe(62);
    }
  });

  it("have room for the longest value, and not for all of a long text", () => {
    const f = formats("en", "Asia/Shanghai");
    expect(labelWidth([of("s/g/A/x", 3)], f)).toBe(44);
    expect(labelWidth([of("s/g/A/x", 3), of("s/g/A/y", 24_340_310)], f)).toBe(86);
    expect(labelWidth([of("s/g/A/x", "a name that nobody would fit beside a curve")], f)).toBe(104);
  });
});

describe("the newest value of a signal", () => {
  it("is a time for coverage, and no sum of thousands for a job", () => {
    const f = formats("en", "Asia/Shanghai");
    expect(shownValue(1_772_438_400_000, f, "observed_since")).toBe("2 Mar, 16:00");
    expect(shownValue(24_340_310, f, "job")).toBe("24340310");
    expect([shownValue(3243, f, "good"), shownValue(2.636, f, "condition"), shownValue(null, f)]).toEqual(["3,243", "2.64", "–"]);
  });
});
