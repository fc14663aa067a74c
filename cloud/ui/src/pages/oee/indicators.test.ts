import { expect, it } from "vitest";
import { VORNE } from "./figure.fixture";
import { GROUPS, type Indicator, kindOf } from "./indicators";

it("shows every indicator of a figure once", () => {
  const shown = Object.values(GROUPS).flat();
  expect([...shown].sort()).toEqual(Object.keys(VORNE.indicators).sort());
});

it("writes times in words, events as numbers and the rest in percent", () => {
  const kinds = (names: Indicator[]) => names.map(kindOf);
  expect(kinds(["mtbf_s", "mean_setup_s", "failures", "setups", "teep", "takt_adherence"])).toEqual(["time", "time", "count", "count", "ratio", "ratio"]);
});
