import { describe, expect, it } from "vitest";
import { nearest, runsOf } from "./sparkLine";

describe("the line of a trend", () => {
  it("breaks where there was no value, and where nothing was said for long", () => {
    const points = [
      { ageS: 60, value: 1 },
      { ageS: 55, value: 2 },
      { ageS: 50, value: null },
      { ageS: 45, value: 3 },
      { ageS: 20, value: 4 },
    ];
    expect(runsOf(points).map((run) => run.map(({ value }) => value))).toEqual([[1, 2], [3], [4]]);
    expect(runsOf([])).toEqual([]);
  });

  it("says the value nearest to where somebody points", () => {
    const points = [{ ageS: 30, value: 7 }, { ageS: 10, value: null }, { ageS: 5, value: 9 }];
    expect(nearest(points, 12)).toEqual({ ageS: 5, value: 9 });
    expect(nearest(points, 24)).toEqual({ ageS: 30, value: 7 });
    expect(nearest([{ ageS: 1, value: null }], 1)).toBeNull();
  });
});
