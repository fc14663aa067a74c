import { expect, it } from "vitest";
import { en } from "../../i18n/en";
import { whyNone } from "./whyNone";

it("tells time without a plan from planned time that nobody watched", () => {
  expect(whyNone({ planned_s: 0, observed_planned_s: 0 }, en)).toBe(en.oee.noPlanned);
  expect(whyNone({ planned_s: 1158, observed_planned_s: 0 }, en)).toBe(en.oee.noObserved);
  expect(whyNone({ planned_s: 1158, observed_planned_s: 600 }, en)).toBe(en.oee.noFigure);
});
