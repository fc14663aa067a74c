import { type Formats, NOTHING } from "../../format/formats";
import { COVERAGE_ROLE } from "../signals/sources";

/** A stored value for people: whole numbers whole, others with two decimals, texts as they are; a job is a number to read, not to count, and coverage a time. */
export function shownValue(value: number | string | null, f: Formats, role: string | null = null): string {
  if (value === null) return NOTHING;
  if (typeof value === "string") return value;
  if (role === COVERAGE_ROLE) return f.dayTime(value);
  if (role === "job") return String(value);
  return Number.isInteger(value) ? f.integer(value) : f.decimal2(value);
}
