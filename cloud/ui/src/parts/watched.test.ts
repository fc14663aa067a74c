import { describe, expect, it } from "vitest";
import { toldCoverage } from "./watched";

describe("coverage", () => {
  it("is told as soon as a half per cent of the planned time was not watched", () => {
    expect(toldCoverage(0.9949)).toBe(0.9949);
    expect(toldCoverage(0)).toBe(0);
  });

  it("is not told where nothing is missing or nothing was planned", () => {
    expect([1, 0.995, null, undefined].map(toldCoverage)).toEqual([null, null, null, null]);
  });
});
