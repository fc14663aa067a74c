import type { Schemas } from "../../api/client";
import type { zh } from "../../i18n/zh";

/** Why a window has no OEE: nothing was planned, nobody watched what was, or nothing was made to reckon with. */
export function whyNone({ planned_s: planned, observed_planned_s: observed }: Pick<Schemas["Figure"], "planned_s" | "observed_planned_s">, t: typeof zh): string {
  if (planned === 0) return t.oee.noPlanned;
  return observed === 0 ? t.oee.noObserved : t.oee.noFigure;
}
