import { describe, expect, it } from "vitest";
import { formats, NOTHING } from "./formats";

const zh = formats("zh", "Asia/Shanghai");
const en = formats("en", "Asia/Shanghai");

describe("formats", () => {
  it("write times in the plant's zone and the language's order", () => {
    expect(en.dayTime("2026-03-02T08:05:00.000Z")).toBe("2 Mar, 16:05");
    expect(zh.dayTime("2026-03-02T08:05:00.000Z")).toBe("3月2日 16:05");
    expect(en.time("2026-03-02T16:00:00.000Z")).toBe("00:00");
    expect(en.date("2027-03-02T16:00:00.000Z")).toBe("3 Mar 2027");
    expect(zh.dateTime("2026-03-02T08:05:00.000Z")).toBe("2026年3月2日 16:05");
  });

  it("say the day of an end that lies on another one", () => {
    expect(en.span("2026-03-02T08:05:00Z", "2026-03-02T15:30:00Z")).toBe("2 Mar, 16:05 – 23:30");
    expect(en.span("2026-03-02T08:05:00Z", "2026-03-02T16:00:00Z")).toBe("2 Mar, 16:05 – 3 Mar, 00:00");
    expect(zh.spanWithSeconds("2026-03-02T08:05:00Z", "2026-03-02T08:05:07Z")).toBe("3月2日 16:05:00 – 16:05:07");
  });

  it("mark midnights of the plant on a time axis by their day", () => {
    expect(en.tick(Date.parse("2026-03-02T16:00:00Z"), false)).toBe("Tue 3 Mar");
    expect(en.tick(Date.parse("2026-03-02T17:00:00Z"), false)).toBe("01:00");
    expect(en.tick(Date.parse("2026-03-02T17:00:00Z"), true)).toBe("3 Mar, 01:00");
    expect(en.tick(Date.parse("2026-03-02T17:00:20Z"), false)).toBe("01:00:20");
  });

  it("name a month whatever the zone", () => {
    expect(formats("en", "America/Los_Angeles").month("2026-03")).toBe("Mar 2026");
    expect(zh.month("2026-12")).toBe("2026年12月");
  });

  it("show that a figure does not exist instead of zero", () => {
    expect(en.percent(null)).toBe(NOTHING);
    expect(en.integer(undefined)).toBe(NOTHING);
    expect(en.time(null)).toBe(NOTHING);
    expect(en.percent(0)).toBe("0.0%");
  });

  it("read money as minor units of its own currency", () => {
    expect(zh.money(3_766_200, "CNY")).toBe("¥37,662.00");
    expect(en.money(500, "JPY")).toBe("¥500");
    expect(en.money(1234, "EUR")).toBe("€12.34");
    // By ISO 4217 a forint has a hundred fillér, though nobody writes them.
    expect(en.money(123_400, "HUF")).toMatch(/1,234(?:\.00)?$/);
  });

  it("write bytes in the plural and larger sizes short", () => {
    expect([0, 1, 20].map((count) => en.bytes(count))).toEqual(["0 bytes", "1 byte", "20 bytes"]);
    expect(en.bytes(67_108_864)).toBe("67.1 MB");
    expect(zh.bytes(20)).toBe("20字节");
    expect(zh.bytes(3_300_000)).toBe("3.3 MB");
  });

  it("group the thousands of short money too, which Chinese counts up to ten of", () => {
    expect(zh.shortMoney(8769.4, "CNY")).toBe("¥8,769.4");
    expect(zh.shortMoney(148_100, "CNY")).toBe("¥14.8万");
    expect(en.shortMoney(148_100, "CNY")).toBe("¥148.1k");
  });

  it("write a measured value with its unit, a percentage like every other", () => {
    expect(zh.measured(78.5, "%")).toBe("78.5%");
    expect(en.measured(4.5, "mm/s")).toBe("4.50\u00a0mm/s");
    expect(en.measured(null, "mm/s")).toBe(NOTHING);
  });

  it("never cap a ratio above one", () => {
    expect(en.percent(1.043)).toBe("104.3%");
  });
});
