import type { Schemas } from "../../../api/client";
import { useFormat } from "../../../format/useFormat";
import { useLanguage } from "../../../i18n/LanguageProvider";
import { lookup } from "../../../i18n/lookup";

/** A function that says in words what a rule asks of a stop. */
export function useRuleWords(): (rule: Schemas["RuleIn"]) => string[] {
  const { t } = useLanguage();
  const f = useFormat();
  return (rule) => {
    const said = [
      ...((rule.states ?? []).length > 0 ? [(rule.states ?? []).map((state) => lookup(t.states, state)).join(" / ")] : []),
      ...((rule.scopes ?? []).length > 0 ? [(rule.scopes ?? []).map((scope) => scope.split(":")[1]).join(", ")] : []),
      ...((rule.products ?? []).length > 0 ? [(rule.products ?? []).join(", ")] : []),
      ...((rule.weekdays ?? []).length > 0 ? [(rule.weekdays ?? []).map((day) => lookup(t.reasons.weekdays, day)).join(" ")] : []),
      ...(rule.min_s != null ? [t.reasons.atLeast(f.duration(rule.min_s))] : []),
      ...(rule.max_s != null ? [t.reasons.below(f.duration(rule.max_s))] : []),
      ...(rule.from_time != null && rule.to_time != null ? [`${rule.from_time}–${rule.to_time}`] : []),
      ...(rule.valid_from != null ? [t.reasons.since(f.dayTime(rule.valid_from))] : []),
    ];
    return said.length > 0 ? said : [t.reasons.everyStop];
  };
}
