import { describe, expect, it } from "vitest";
import type { Schemas } from "../../api/client";
import { newestOf, trendOf } from "./trend";
import { byAge, MARKS_S, reach } from "./watermarkAge";

const moment = (age_s: number, lag_s: number | null): Schemas["MomentOut"] => ({ age_s, points_per_s: 10, commit_ms: 5, lag_s, batch_points: 2, queued: 0 });
const gateway = (node: string, watermark_age_s: number | null) => ({ node, watermark_age_s }) as Schemas["GatewayOut"];

describe("a trend of ingestion", () => {
  it("leaves out the moment that still runs: it would look like a fall", () => {
    const trend = trendOf([moment(12, 0.5), moment(7, 0.25), moment(2, 0.1)], ({ lag_s }) => lag_s);
    expect(trend).toEqual([{ ageS: 9.5, value: 0.5 }, { ageS: 4.5, value: 0.25 }]);
  });

  it("has as its newest value the last that there was", () => {
    expect(newestOf([{ ageS: 9, value: 3 }, { ageS: 4, value: null }])).toBe(3);
    expect(newestOf([])).toBeNull();
  });
});

describe("the age of watermarks", () => {
  it("puts the oldest first, and who never stored anything last", () => {
    expect(byAge([gateway("a", 1), gateway("b", null), gateway("c", 90)]).map(({ node }) => node)).toEqual(["c", "a", "b"]);
  });

  it("has a scale that grows and ends", () => {
    const reached = [0, ...MARKS_S, 1e9].map(reach);
    expect(reached).toEqual([...reached].sort((a, b) => a - b));
    expect([reached[0], reached.at(-1)]).toEqual([0, 1]);
  });
});
