import { describe, expect, it } from "vitest";
import { codeMapOf } from "./sources";

describe("a code map", () => {
  it("is taken when each code is a whole number and stands once", () => {
    expect(codeMapOf([{ code: " 3", state: "running" }, { code: "-1", state: "idle" }])).toEqual({ "3": "running", "-1": "idle" });
  });

  it("is refused otherwise", () => {
    expect(codeMapOf([])).toBeNull();
    expect(codeMapOf([{ code: "1.5", state: "idle" }])).toBeNull();
    expect(codeMapOf([{ code: "1", state: "idle" }, { code: "1 ", state: "setup" }])).toBeNull();
  });
});
