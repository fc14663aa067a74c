import { expect, it } from "vitest";
import type { Schemas } from "../../../api/client";
import { flowOf, stationsOf } from "./flow";

const NAME = { zh: "甲", en: "A" };
const machine = (id: string, sequence: number) => ({ id, line: "L1", sequence, name: NAME, gateway: "g", protocol: "opcua", minor_stop_s: 60 });
const LINE: Schemas["LineOut"] = { id: "L1", area: "a", name: NAME, readers: [], machines: [machine("A", 1), machine("B", 2), machine("C", 3)] };

it("adds up machines of one station in the order of the flow", () => {
  expect(stationsOf(LINE, { stations: { B: "turning", A: "turning" } })).toEqual([
    { station: "turning", machines: ["A", "B"] },
    { station: "C", machines: ["C"] },
  ]);
});

it("sends no empty station, and no constraint that is none", () => {
  expect(flowOf(LINE, { A: " turning ", B: "turning", C: "" }, "turning")).toEqual({ stations: { A: "turning", B: "turning" }, constraint: "turning" });
  expect(flowOf(LINE, { A: "A" }, "turning")).toEqual({ stations: {}, constraint: null });
});
