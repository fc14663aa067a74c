import { describe, expect, it } from "vitest";
import { entered, isWritable } from "./value";

describe("a value that a person enters", () => {
  it("becomes what the datatype wants, or nothing", () => {
    expect(entered("1,5", "DOUBLE")).toBe(1.5);
    expect(entered("1.5", "INT32")).toBeUndefined();
    expect(entered("7", "UINT16")).toBe(7);
    expect(entered("true", "BOOLEAN")).toBe(true);
    expect(entered("yes", "BOOLEAN")).toBeUndefined();
    expect(entered("", "DOUBLE")).toBeUndefined();
    expect(entered("A7", "STRING")).toBe("A7");
    expect(entered("9007199254740993", "INT64")).toBeUndefined();
  });

  it("can be written for plain datatypes only", () => {
    expect(["DOUBLE", "INT8", "UINT64", "TEXT", "BOOLEAN"].every(isWritable)).toBe(true);
    expect(["DATASET", "DATETIME", "INT32_ARRAY"].some(isWritable)).toBe(false);
  });
});
