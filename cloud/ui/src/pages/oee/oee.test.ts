import { describe, expect, it } from "vitest";
import { REWORKED, VORNE } from "./figure.fixture";
import { formula } from "./formula";
import { firstTab, relevantCategories } from "./opened";
import { idealTimes, waterfall } from "./waterfall";

describe("waterfall", () => {
  it("ends at OEE times observed planned time", () => {
    const last = waterfall(VORNE).at(-1);
    expect(last?.name).toBe("effective");
    expect(last?.seconds).toBeCloseTo((VORNE.oee ?? 0) * VORNE.observed_planned_s, 6);
  });

  it("starts each loss where the one before ended", () => {
    const losses = waterfall(VORNE).filter(({ isTotal }) => !isTotal);
    for (const [index, step] of losses.entries()) {
      const before = losses[index - 1];
      if (before !== undefined) expect(step.to).toBeCloseTo(before.from, 9);
    }
  });

  it("begins with planned time only when some of it was not observed", () => {
    expect(waterfall(VORNE)[0]?.name).toBe("observed");
    const holed = { ...VORNE, planned_s: 28_800, unobserved_s: 3600 };
    expect(waterfall(holed).map(({ name }) => name).slice(0, 3)).toEqual(["planned", "unobserved", "observed"]);
  });

  it("lets a negative speed loss reach back to the right", () => {
    const fast = { ...VORNE, losses: { ...VORNE.losses, reduced_speed: -1000 } };
    const step = waterfall(fast).find(({ name }) => name === "reduced_speed");
    const before = waterfall(fast).find(({ name }) => name === "minor_stops");
    expect(step?.from).toBeCloseTo(before?.from ?? Number.NaN, 9);
    expect(step?.to).toBeGreaterThan(before?.from ?? Number.NaN);
  });
});

describe("waterfall under each policy", () => {
  const named = (policy: keyof typeof REWORKED) => waterfall(REWORKED[policy]).map(({ name }) => name);

  it("ends at the OEE that is shown, of the time that it is of", () => {
    for (const figure of Object.values(REWORKED)) {
      const steps = waterfall(figure);
      const start = steps.find(({ isTotal }) => isTotal);
      expect((steps.at(-1)?.seconds ?? 0) / (start?.seconds ?? 0)).toBeCloseTo(figure.oee ?? Number.NaN, 9);
    }
  });

  it("shows breaks and rework only where they are lost", () => {
    expect(named("iso22400")).not.toContain("rework");
    expect([named("vorne")[0], named("vorne").includes("rework")]).toEqual(["observed", true]);
    expect(named("point85").slice(0, 3)).toEqual(["observed_with_breaks", "planned_downtime", "breakdown"]);
  });

  it("opens a loss to its share of the same time", () => {
    const filled = formula("planned_downtime", REWORKED.point85, "point85");
    expect(filled?.terms.map(({ value }) => value)).toEqual([3600, 28_800]);
    expect(filled?.result).toBeCloseTo(0.125, 9);
  });
});

describe("formula", () => {
  it("fills in numbers that give the server's own figure", () => {
    for (const name of ["availability", "effectiveness", "quality", "coverage"] as const) {
      const filled = formula(name, VORNE, "iso22400");
      const [above, below] = filled?.terms ?? [];
      expect((above?.value ?? 0) / (below?.value ?? 1)).toBeCloseTo(VORNE[name] ?? Number.NaN, 9);
    }
    expect(idealTimes(VORNE)).toEqual({ all: 19_271, good: 18_848 });
  });

  it("follows the policy where it divides by something else", () => {
    const named = (name: "availability" | "quality", policy: string) => formula(name, VORNE, policy)?.terms.map((term) => term.value);
    expect(named("availability", "point85")).toEqual([22_380, 28_800]);
    expect(named("quality", "vorne")).toEqual([18_848, 19_271]);
  });

  it("gives its result under each policy when parts were reworked", () => {
    for (const [policy, figure] of Object.entries(REWORKED)) {
      for (const name of ["availability", "effectiveness", "quality", "coverage"] as const) {
        const filled = formula(name, figure, policy);
        const [above, below] = filled?.terms ?? [];
        expect(filled?.result, `${name} by ${policy}`).toBe(figure[name]);
        expect((above?.value ?? 0) / (below?.value ?? 1), `${name} by ${policy}`).toBeCloseTo(figure[name] ?? Number.NaN, 9);
      }
      const product = formula("oee", figure, policy)?.terms.reduce((so, { value }) => so * (value ?? Number.NaN), 1);
      expect(product, `OEE by ${policy}`).toBeCloseTo(figure.oee ?? Number.NaN, 9);
    }
  });

  it("says nothing for a total", () => {
    expect(formula("effective", VORNE, "iso22400")).toBeNull();
  });

  it("keeps a missing figure missing", () => {
    const idle = { ...VORNE, availability: null, observed_planned_s: 0 };
    expect(formula("availability", idle, "iso22400")?.result).toBeNull();
    expect(formula("setup", idle, "iso22400")?.result).toBeNull();
  });
});

describe("an opened figure", () => {
  it("shows first the segments that move it", () => {
    expect(relevantCategories("availability")).toEqual(["breakdown", "setup", "waiting"]);
    expect(relevantCategories("oee")).toBeNull();
    expect(firstTab("quality")).toBe("jobs");
    expect(firstTab("coverage")).toBe("states");
  });
});
