import { describe, expect, it } from "vitest";
import { isResized } from "./isResized";

const drawn = { getWidth: () => 800, getHeight: () => 240 };

describe("a chart is drawn again", () => {
  it("when its place has another size, not when it is told the one it has or is hidden", () => {
    expect(isResized(drawn, { clientWidth: 800, clientHeight: 240 })).toBe(false);
    expect(isResized(drawn, { clientWidth: 0, clientHeight: 0 })).toBe(false);
    expect(isResized(drawn, { clientWidth: 640, clientHeight: 240 })).toBe(true);
    expect(isResized(drawn, { clientWidth: 800, clientHeight: 280 })).toBe(true);
  });
});
