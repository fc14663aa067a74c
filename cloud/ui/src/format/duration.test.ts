import { describe, expect, it } from "vitest";
import { duration as written, machineTime, shortDuration as shortlyWritten } from "./duration";

const spaced = (text: string) => text.replaceAll("\u00a0", " ");
const duration = (...of: Parameters<typeof written>) => spaced(written(...of));
const shortDuration = (...of: Parameters<typeof shortlyWritten>) => spaced(shortlyWritten(...of));

describe("duration", () => {
  it("says the two largest units in each language", () => {
    expect(duration(7, "en")).toBe("7 s");
    expect(duration(252, "en")).toBe("4 min 12 s");
    expect(duration(252, "zh")).toBe("4 分 12 秒");
    expect(duration(3900, "en")).toBe("1 h 05 min");
    expect(duration(97_200, "zh")).toBe("27 小时 00 分");
    expect(duration(360_000, "en")).toBe("4 d 4 h");
  });

  it("breaks between two units, never between a number and its unit", () => {
    expect(written(137_640, "zh").split(" ")).toEqual(["38\u00a0小时", "14\u00a0分"]);
    expect(shortlyWritten(720, "en")).not.toContain(" ");
  });

  it("keeps machine time in hours, so that terms of one line can be compared", () => {
    expect([305_160, 378_000].map((seconds) => spaced(machineTime(seconds, "en")))).toEqual(["84 h 46 min", "105 h 00 min"]);
    expect([5_443_260, 252].map((seconds) => spaced(machineTime(seconds, "zh")))).toEqual(["1,512 小时 01 分", "4 分 12 秒"]);
  });

  it("carries rounding into the next unit instead of showing 60 s", () => {
    expect(duration(59.6, "en")).toBe("1 min 00 s");
  });

  it("marks a negative span and never shows minus zero", () => {
    expect(duration(-90, "en")).toBe("−1 min 30 s");
    expect(duration(-0.2, "en")).toBe("0 s");
  });
});

describe("shortDuration", () => {
  it("keeps one unit", () => {
    expect(shortDuration(43, "en")).toBe("43 s");
    expect(shortDuration(720, "zh")).toBe("12 分钟");
    expect(shortDuration(7200, "en")).toBe("2.0 h");
  });
});
