import { describe, expect, it } from "vitest";
import { wrongStretch } from "./stretch";

const DAY_MS = 86_400_000;

describe("a free period", () => {
  it("ends after it begins, both ends being known", () => {
    expect(wrongStretch(5, 6)).toBeNull();
    expect(wrongStretch(5, 5)).toBe("order");
    expect(wrongStretch(Number.NaN, 5)).toBe("order");
  });

  it("is no longer than what is answered", () => {
    expect(wrongStretch(0, 400 * DAY_MS, 400)).toBeNull();
    expect(wrongStretch(0, 400 * DAY_MS + 1, 400)).toBe("length");
    expect(wrongStretch(0, 4000 * DAY_MS)).toBeNull();
  });
});
