import { describe, expect, it } from "vitest";
import type { Schemas } from "../../../api/client";
import { aimedAt, asPercent, asRatio } from "./targets";

const NAME = { zh: "甲", en: "A" };
const machine = (id: string) => ({ id, line: "L1", sequence: 1, name: NAME, gateway: "g", protocol: "opcua", minor_stop_s: 60 });
const PLANT: Schemas["PlantOut"] = {
  id: "p",
  name: NAME,
  timezone: "Asia/Shanghai",
  currency: "CNY",
  plant_now: "2026-03-02T00:00:00.000Z",
  speed: 1,
  areas: [{ id: "a", name: NAME, lines: [{ id: "L1", area: "a", name: NAME, machines: [machine("M1"), machine("M2")], readers: [] }] }],
};
const target = (scope: string, oee: number): Schemas["TargetOut"] => ({ scope, oee, availability: null, effectiveness: null, quality: null, takt_s: null });

describe("what scopes aim at", () => {
  it("is their own target, else that of the line, else that of the plant", () => {
    const held = (targets: Schemas["TargetOut"][]) => aimedAt(PLANT, targets).map(({ scope, own, from }) => [scope, (own ?? from?.target)?.oee, from?.kind]);
    expect(held([target("site", 0.7), target("machine:M2", 0.5)])).toEqual([
      ["site", 0.7, undefined],
      ["line:L1", 0.7, "site"],
      ["machine:M1", 0.7, "site"],
      ["machine:M2", 0.5, undefined],
    ]);
    expect(held([target("site", 0.7), target("line:L1", 0.6)])[2]).toEqual(["machine:M1", 0.6, "line"]);
    expect(held([])).toEqual([["site", undefined, undefined], ["line:L1", undefined, undefined], ["machine:M1", undefined, undefined], ["machine:M2", undefined, undefined]]);
  });

  it("is written in percent and kept as a ratio", () => {
    expect([asPercent(0.289), asPercent(null), asRatio(28.9), asRatio("")]).toEqual([28.9, "", 0.289, null]);
  });
});
