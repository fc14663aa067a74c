import { type Formats, NOTHING } from "../../format/formats";

/** A stored value for people: whole numbers whole, others with two decimals, texts as they are. */
export function shownValue(value: number | string | null, f: Formats): string {
  if (value === null) return NOTHING;
  if (typeof value === "string") return value;
  return Number.isInteger(value) ? f.integer(value) : f.decimal2(value);
}
