import type { Language } from "../i18n/language";
import { duration, machineTime, shortDuration } from "./duration";

const LOCALES = { zh: "zh-CN", en: "en-GB" } as const;

/** What is shown where a figure does not exist: planned time zero, nothing counted yet. */
export const NOTHING = "–";

type Instant = string | number | null | undefined;

/** All ways in which values are written for people, in one language and one time zone. */
export function formats(language: Language, timeZone: string) {
  const locale = LOCALES[language];
  const dates = (options: Intl.DateTimeFormatOptions) => {
    const format = new Intl.DateTimeFormat(locale, { timeZone, hourCycle: "h23", ...options });
    return (at: Instant) => (at === null || at === undefined ? NOTHING : format.format(new Date(at)));
  };
  const numbers = (options: Intl.NumberFormatOptions) => {
    const format = new Intl.NumberFormat(locale, options);
    return (value: number | null | undefined) =>
      value === null || value === undefined || Number.isNaN(value) ? NOTHING : format.format(value);
  };
  const [decimal2, percent] = [numbers({ maximumFractionDigits: 2, minimumFractionDigits: 2 }), numbers({ style: "percent", minimumFractionDigits: 1, maximumFractionDigits: 1 })];
  const hm = { hour: "2-digit", minute: "2-digit" } as const;
  // A month as a name, the same in every zone.
  const monthOf = new Intl.DateTimeFormat(locale, { timeZone: "UTC", year: "numeric", month: language === "zh" ? "long" : "short" });
  // A calendar day as it is written in a calendar, the same in every zone.
  const dayOf = new Intl.DateTimeFormat(locale, { timeZone: "UTC", year: "numeric", month: language === "zh" ? "long" : "short", day: "numeric", weekday: "short" });
  const isoDay = new Intl.DateTimeFormat("en-CA", { timeZone, year: "numeric", month: "2-digit", day: "2-digit" });
  const day = { month: language === "zh" ? "long" : "short", day: "numeric" } as const;
  const [time, dayTime] = [dates(hm), dates({ ...day, ...hm })];
  const [timeWithSeconds, dayTimeWithSeconds] = [dates({ ...hm, second: "2-digit" }), dates({ ...day, ...hm, second: "2-digit" })];
  const dayOnly = dates({ ...day, weekday: "short" });
  const isSameDay = (start: string | number, end: string | number) => isoDay.format(new Date(start)) === isoDay.format(new Date(end));
  return {
    language,
    timeZone,
    time,
    timeWithSeconds,
    day: dayOnly,
    dayTime,
    dayTimeWithSeconds,
    /** From one instant to another; the day of the end only where it is another one. */
    span: (start: string | number, end: string | number) => `${dayTime(start)} – ${(isSameDay(start, end) ? time : dayTime)(end)}`,
    spanWithSeconds: (start: string | number, end: string | number) =>
      `${dayTimeWithSeconds(start)} – ${(isSameDay(start, end) ? timeWithSeconds : dayTimeWithSeconds)(end)}`,
    /** A place on a time axis: the day at its midnight, elsewhere the time, with the day when the axis is long, with seconds when it is short. */
    tick: (at: number, isLong: boolean) => {
      if (at % 60_000 !== 0) return timeWithSeconds(at);
      return time(at) === "00:00" ? dayOnly(at) : (isLong ? dayTime : time)(at);
    },
    date: dates({ year: "numeric", ...day }),
    dateTime: dates({ year: "numeric", ...day, ...hm }),
    month: (month: string) => monthOf.format(new Date(`${month}-15T00:00:00Z`)),
    calendarDay: (day: string) => dayOf.format(new Date(`${day}T00:00:00Z`)),
    isoDay: (at: string | number) => isoDay.format(new Date(at)),
    integer: numbers({ maximumFractionDigits: 0 }),
    number: numbers({ maximumFractionDigits: 2 }),
    decimal: numbers({ maximumFractionDigits: 1, minimumFractionDigits: 1 }),
    decimal2,
    percent,
    /** A measured value with its unit; a percentage as the rest of the product writes one. */
    measured: (value: number | null | undefined, unit: string) =>
      value === null || value === undefined ? NOTHING : unit === "%" ? percent(value / 100) : `${decimal2(value)}\u00a0${unit}`.trimEnd(),
    wholePercent: numbers({ style: "percent", maximumFractionDigits: 0 }),
    money: (minor: number, currency: string) => money(minor, currency, locale),
    shortMoney: (units: number, currency: string) =>
      new Intl.NumberFormat(locale, { style: "currency", currency, currencyDisplay: "narrowSymbol", notation: "compact", useGrouping: true, maximumFractionDigits: 1 }).format(units),
    bytes: (count: number) => bytes(count, locale),
    duration: (seconds: number) => duration(seconds, language),
    machineTime: (seconds: number) => machineTime(seconds, language),
    shortDuration: (seconds: number) => shortDuration(seconds, language),
    name: (name: { zh: string; en: string }) => name[language],
  };
}

export type Formats = ReturnType<typeof formats>;

/** Decimals of the currencies that by ISO 4217 do not have two; browsers say how many are usually written, which differs (HUF, IDR). */
const DECIMALS: [number, string][] = [
  [0, "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"],
  [3, "BHD IQD JOD KWD LYD OMR TND"],
  [4, "CLF UYW"],
];

/** Money from integer minor units of ISO 4217. */
function money(minor: number, currency: string, locale: string): string {
  const format = new Intl.NumberFormat(locale, { style: "currency", currency, currencyDisplay: "narrowSymbol" });
  const decimals = DECIMALS.find(([, codes]) => codes.includes(currency))?.[0] ?? 2;
  return format.format(minor / 10 ** decimals);
}

function bytes(count: number, locale: string): string {
  const units = ["byte", "kilobyte", "megabyte", "gigabyte", "terabyte"] as const;
  const power = count < 1 ? 0 : Math.min(Math.floor(Math.log10(count) / 3), units.length - 1);
  const unit = units[power] ?? "byte";
  // Written out, "20 bytes" is in the plural; the short form would say "20 byte".
  const unitDisplay = unit === "byte" ? "long" : "short";
  return new Intl.NumberFormat(locale, { style: "unit", unit, unitDisplay, maximumFractionDigits: 1 }).format(
    count / 1000 ** power,
  );
}
