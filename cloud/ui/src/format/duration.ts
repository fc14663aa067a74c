import type { Language } from "../i18n/language";

const UNITS = {
  zh: { d: "天", h: "小时", min: "分", s: "秒" },
  en: { d: "d", h: "h", min: "min", s: "s" },
} as const;

/** By itself a Chinese minute has its whole name, for 分 alone is a point as well. */
const SHORT_UNITS = { zh: { ...UNITS.zh, min: "分钟" }, en: UNITS.en } as const;

const DAYS_FROM_H = 100;

/** A number stays on the line of its unit, however narrow its place. */
const NBSP = "\u00a0";

/** A span of seconds in words, its two largest units: `1 h 05 min`, `4 分 12 秒`; never negative zero. */
export function duration(seconds: number, language: Language): string {
  return spelt(seconds, language, DAYS_FROM_H);
}

/** The same for machine time that is summed up, divided or compared with others: never in days, `105 h 12 min`. */
export function machineTime(seconds: number, language: Language): string {
  return spelt(seconds, language, Number.POSITIVE_INFINITY);
}

function spelt(seconds: number, language: Language, daysFromH: number): string {
  const unit = UNITS[language];
  const sign = seconds <= -0.5 ? "−" : "";
  const whole = Math.round(Math.abs(seconds));
  const [h, min, s] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const two = (n: number) => String(n).padStart(2, "0");
  // Machine hours of a whole line pass a day soon; as days they would lose the minutes that people compare.
  if (h >= daysFromH) return `${sign}${Math.floor(h / 24)}${NBSP}${unit.d} ${h % 24}${NBSP}${unit.h}`;
  if (h > 0) return `${sign}${grouped(h)}${NBSP}${unit.h} ${two(min)}${NBSP}${unit.min}`;
  if (min > 0) return `${sign}${min}${NBSP}${unit.min} ${two(s)}${NBSP}${unit.s}`;
  return `${sign}${s}${NBSP}${unit.s}`;
}

/** A span of seconds for narrow places, one unit from a minute on: `43 s`, `12 min`, `12 分钟`, `1.5 h`. */
export function shortDuration(seconds: number, language: Language): string {
  const unit = SHORT_UNITS[language];
  const magnitude = Math.abs(seconds);
  if (magnitude < 59.5) return `${Math.round(seconds)}${NBSP}${unit.s}`;
  if (magnitude < 5970) return `${Math.round(seconds / 60)}${NBSP}${unit.min}`;
  return `${(seconds / 3600).toFixed(1)}${NBSP}${unit.h}`;
}

/** Hours of a month's machines run into thousands; both languages group them alike. */
function grouped(hours: number): string {
  return String(hours).replace(/\B(?=(\d{3})+$)/g, ",");
}
