import { describe, expect, it } from "vitest";
import { formats } from "../../../format/formats";
import { periodsOf, spansOf, stopsOf, toTheSecond } from "./sheet";

// A night shift of Shanghai: 22:00 to 06:00.
const frame = { start: Date.parse("2026-03-02T14:00:00.000Z"), end: Date.parse("2026-03-02T22:00:00.000Z"), timeZone: "Asia/Shanghai" };

describe("a sheet", () => {
  it("is production around its stops, over midnight too", () => {
    const stops = [{ from: "01:00", to: "01:30", state: "breakdown" }, { from: "23:00", to: "23:15", state: "setup" }];
    const periods = periodsOf(stops, frame);
    expect(periods?.map(({ start, state }) => [start.slice(11, 16), state])).toEqual([
      ["14:00", "running"],
      ["15:00", "setup"],
      ["15:15", "running"],
      ["17:00", "breakdown"],
      ["17:30", "running"],
    ]);
  });

  it("leaves time that nobody watched out, and shows it again as it was typed", () => {
    const stops = [{ from: "05:00", to: "06:00", state: "unobserved" }];
    const periods = periodsOf(stops, frame) ?? [];
    expect(periods).toHaveLength(1);
    const shown = (ms: number) => new Date(ms + 8 * 3_600_000).toISOString().slice(11, 16);
    expect(stopsOf(periods, frame, shown)).toEqual(stops);
  });

  it("shows a stop of less than a minute to the second, so that it can be corrected", () => {
    const stored = [
      { start: "2026-03-02T14:00:00.000Z", end: "2026-03-02T15:10:05.320Z", state: "running" as const },
      { start: "2026-03-02T15:10:05.320Z", end: "2026-03-02T15:10:40.900Z", state: "idle" as const },
      { start: "2026-03-02T15:10:40.900Z", end: "2026-03-02T15:10:40.990Z", state: "setup" as const },
      { start: "2026-03-02T15:10:40.990Z", end: "2026-03-02T22:00:00.000Z", state: "running" as const },
    ];
    const stops = stopsOf(stored, frame, toTheSecond(formats("en", frame.timeZone)));
    expect(stops).toEqual([{ from: "23:10:05", to: "23:10:40", state: "idle" }]);
    expect(periodsOf(stops, frame)?.map(({ start }) => start.slice(11, 19))).toEqual(["14:00:00", "15:10:05", "15:10:40"]);
  });

  it("is refused while rows overlap, end before they begin or lie outside", () => {
    const row = (from: string, to: string) => ({ from, to });
    expect(spansOf([row("23:00", "23:30"), row("23:15", "23:45")], frame)).toBeNull();
    expect(spansOf([row("23:30", "23:00")], frame)).toBeNull();
    expect(spansOf([row("12:00", "13:00")], frame)).toBeNull();
    expect(spansOf([row("23", "23:30")], frame)).toBeNull();
  });
});
