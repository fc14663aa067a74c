import { describe, expect, it } from "vitest";
import { movedColumn } from "./movedColumn";

describe("moving over columns by key", () => {
  it("stays between the first and the last one", () => {
    expect(movedColumn("ArrowLeft", 0, 7)).toBe(0);
    expect(movedColumn("ArrowRight", 7, 7)).toBe(7);
    expect([movedColumn("ArrowLeft", 3, 7), movedColumn("ArrowRight", 3, 7)]).toEqual([2, 4]);
    expect([movedColumn("Home", 3, 7), movedColumn("End", 3, 7)]).toEqual([0, 7]);
  });

  it("leaves other keys alone", () => {
    expect(["Enter", "Tab", "a"].map((key) => movedColumn(key, 3, 7))).toEqual([null, null, null]);
  });
});
