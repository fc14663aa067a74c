import { describe, expect, it } from "vitest";
import { counterFault } from "./counter";

describe("what is declared of a counter", () => {
  it("may be nothing, a range, a tolerance, or both", () => {
    for (const counter of [
      { modulus: null, jitter: null },
      { modulus: 65_536, jitter: null },
      { modulus: null, jitter: 0 },
      { modulus: 10_000, jitter: 2500 },
    ])
      expect(counterFault(counter)).toBeNull();
  });

  it("is refused when a range has no two values, or a tolerance is more than a quarter of it", () => {
    expect(counterFault({ modulus: 1, jitter: null })).toBe("modulus");
    expect(counterFault({ modulus: 2.5, jitter: null })).toBe("modulus");
    expect(counterFault({ modulus: null, jitter: -1 })).toBe("jitter");
    expect(counterFault({ modulus: 100, jitter: 26 })).toBe("jitter");
  });
});
