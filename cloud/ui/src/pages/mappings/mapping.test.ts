import { describe, expect, it } from "vitest";
import { type Draft, isAddress, levelOf, mappingOf, prefixes, valuesOf } from "./mapping";

const DRAFT: Draft = {
  level: "gateway",
  old: "suzhou/gw-l1 ",
  new: "suzhou/gw-9",
  sinceMs: Date.parse("2026-03-02T08:00:00Z"),
  conversion: "none",
  scale: 1,
  offset: 0,
  rows: [{ was: "RUN", now: "1" }],
  note: " struck by lightning ",
};
const SIGNAL = { ...DRAFT, level: "signal" as const, old: "suzhou/gw-l1/oven/temp", new: "suzhou/gw-l1/oven/temp_c" };

describe("addresses", () => {
  it("are those of the level that is asked for", () => {
    expect(isAddress("gateway", "suzhou/gw-l1")).toBe(true);
    expect(isAddress("gateway", "suzhou/gw-l1/oven")).toBe(false);
    expect(isAddress("device", "suzhou/gw-l1/oven")).toBe(true);
    expect(isAddress("device", "suzhou/gw-l1/")).toBe(false);
    expect(isAddress("signal", "suzhou/gw-l1//uptime")).toBe(true);
    expect(isAddress("signal", "suzhou/gw-l1/oven/zone 1/temp")).toBe(true);
    expect(isAddress("signal", "suzhou/gw-l1/oven/ ")).toBe(false);
    expect(["a/b", "a/b/c", "a/b/c/d", "a/b/c/d/e"].map(levelOf)).toEqual(["gateway", "device", "signal", "signal"]);
  });

  it("are proposed from signals, each once", () => {
    const tags = ["a/g/m/x", "a/g/m/y", "a/g//up", "a/h/n/x"];
    expect(prefixes(tags, 2)).toEqual(["a/g", "a/h"]);
    expect(prefixes(tags, 3)).toEqual(["a/g/m", "a/h/n"]);
  });
});

describe("a mapping", () => {
  it("is whole with two addresses of one level", () => {
    expect(mappingOf(DRAFT)).toEqual({
      old: "suzhou/gw-l1",
      new: "suzhou/gw-9",
      valid_from: "2026-03-02T08:00:00.000Z",
      scale: 1,
      offset: 0,
      note: "struck by lightning",
    });
    expect(mappingOf({ ...DRAFT, new: "suzhou/gw-9/oven" })).toBeNull();
  });

  it("of an address with itself needs a conversion", () => {
    const same = { ...SIGNAL, new: SIGNAL.old };
    expect(mappingOf(same)).toBeNull();
    expect(mappingOf({ ...same, conversion: "linear", scale: 0.1 })?.scale).toBe(0.1);
    expect(mappingOf({ ...same, conversion: "linear", scale: 0 })).toBeNull();
    expect(mappingOf({ ...same, conversion: "linear", offset: "" })).toBeNull();
    expect(mappingOf({ ...same, conversion: "table" })?.values).toEqual({ RUN: 1 });
  });

  it("converts no values of whole gateways, whatever was entered before", () => {
    expect(mappingOf({ ...DRAFT, conversion: "linear", scale: 0.1 })?.scale).toBe(1);
  });
});

describe("a table of values", () => {
  it("tells numbers when all are, else texts", () => {
    expect(valuesOf([{ was: "RUN", now: "1" }, { was: "STOP", now: " 0.5" }])).toEqual({ RUN: 1, STOP: 0.5 });
    expect(valuesOf([{ was: "1", now: "RUN" }, { was: "0", now: "2" }])).toEqual({ 1: "RUN", 0: "2" });
  });

  it("is not whole while a value is missing or stands twice", () => {
    expect(valuesOf([])).toBeNull();
    expect(valuesOf([{ was: "RUN", now: "" }])).toBeNull();
    expect(valuesOf([{ was: "RUN", now: "1" }, { was: "RUN ", now: "2" }])).toBeNull();
  });
});
