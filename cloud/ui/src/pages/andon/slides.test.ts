import { describe, expect, it } from "vitest";
import type { Schemas } from "../../api/client";
import { andonSearch } from "../../app/search";
import { ahead, isBelow, slidesOf } from "./slides";

const machine = (id: string) => ({ tile: { machine: id }, target: null, stop: null }) as unknown as Schemas["AndonMachine"];
const line = (id: string, ...machines: string[]) => ({ line: id, machines: machines.map(machine) }) as unknown as Schemas["AndonLine"];
const LINES = [line("L1", "A", "B"), line("L2", "C")];
const keys = (...screens: string[]) => slidesOf(screens, LINES).slides.map(({ key }) => key);

describe("the slides of a board", () => {
  it("are the lines when the address names nothing", () => {
    expect(keys()).toEqual(["line:L1", "line:L2"]);
  });

  it("come in the order of the address", () => {
    expect(keys("machine:C", "site", "machines:L1", "line:L2")).toEqual(["machine:C", "site", "machine:A", "machine:B", "line:L2"]);
    expect(keys("machines")).toHaveLength(3);
  });

  it("name what the plant does not have", () => {
    expect(slidesOf(["line:L9", "lines"], LINES).unknown).toEqual(["line:L9"]);
    expect(slidesOf(["machine:X"], LINES).slides).toEqual([]);
  });
});

describe("what does not fit one screen in large letters", () => {
  const parts = (screen: string, lines: Schemas["AndonLine"][]) =>
    slidesOf([screen], lines).slides.map((slide) => [slide.key, ...(slide.kind === "line" ? slide.machines.map(({ tile }) => tile.machine) : slide.kind === "site" ? slide.lines.map((each) => each.line) : [])]);

  it("is shown in parts alike: four machines of a line at most, three lines of the site", () => {
    expect(parts("line:L", [line("L", "A", "B", "C", "D")])).toEqual([["line:L", "A", "B", "C", "D"]]);
    expect(parts("line:L", [line("L", "A", "B", "C", "D", "E")])).toEqual([["line:L/1", "A", "B", "C"], ["line:L/2", "D", "E"]]);
    expect(parts("site", ["1", "2", "3", "4"].map((id) => line(id)))).toEqual([["site/1", "1", "2"], ["site/2", "3", "4"]]);
  });

  it("leaves a line without machines its screen", () => {
    expect(parts("lines", [line("L")])).toEqual([["line:L"]]);
  });
});

describe("the address of a board", () => {
  it("keeps the list, the pace, language and appearance, and nothing else", () => {
    expect(andonSearch({ screens: "line:L1,machine:A", every: 20, lang: "zh", theme: "light", x: 1 })).toEqual({
      screens: "line:L1,machine:A", every: 20, lang: "zh", theme: "light",
    });
    expect(andonSearch({ screens: " , ", every: 1, lang: "fr" })).toEqual({});
  });
});

describe("an OEE", () => {
  it("misses its target only when both are there", () => {
    expect(isBelow(0.69, 0.7)).toBe(true);
    expect(isBelow(0.7, 0.7)).toBe(false);
    expect(isBelow(null, 0.7)).toBe(false);
    expect(isBelow(0.1, null)).toBe(false);
  });
});

describe("a count", () => {
  it("is behind its target, or has none", () => {
    expect(ahead(90, { parts: 100, by: "takt" })).toBe(-10);
    expect(ahead(90, null)).toBeNull();
  });
});
