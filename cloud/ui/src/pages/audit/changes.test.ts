import { describe, expect, it } from "vitest";
import { changesOf } from "./changes";

describe("the changes of an entry", () => {
  it("are the values that differ, before and after", () => {
    const before = { category: "breakdown", active: true, scopes: [], place: 1 };
    expect(changesOf("downtime.reason.change", { before, after: { ...before, category: "setup", place: 2 } })).toEqual([{ field: "category", before: "breakdown", after: "setup" }]);
  });

  it("are told code by code", () => {
    const detail = { before: { code_map: { 1: "a", 2: "b" } }, after: { code_map: { 1: "a", 2: "c", 3: "d" } } };
    expect(changesOf("bindings.change", detail)).toEqual([
      { field: "code_map", part: "2", before: "b", after: "c" },
      { field: "code_map", part: "3", before: null, after: "d" },
    ]);
  });

  it("name a bare value by its action, and what else is told", () => {
    expect(changesOf("production.ideal_cycle", { before: 40, after: 38.5, holds_for: "all" })).toEqual([
      { field: "ideal_cycle_s", before: 40, after: 38.5 },
      { field: "holds_for", after: "all" },
    ]);
    expect(changesOf("gateways.write", { before: 1, value: 2, reason: "test" })).toEqual([
      { field: "value", before: 1, after: 2 },
      { field: "reason", after: "test" },
    ]);
  });

  it("begin at nothing where nothing was, and end there", () => {
    expect(changesOf("oee.target", { before: null, after: { oee: 0.8, quality: null } })).toEqual([{ field: "oee", before: null, after: 0.8 }]);
    expect(changesOf("oee.target", { before: { oee: 0.8 }, after: { oee: null } })).toEqual([{ field: "oee", before: 0.8, after: null }]);
  });

  it("of older entries are what held since", () => {
    expect(changesOf("downtime.rule.change", { reason: "eq-mechanical", states: [], min_s: 60, max_s: null })).toEqual([{ field: "reason", after: "eq-mechanical" }, { field: "min_s", after: 60 }]);
  });
});
