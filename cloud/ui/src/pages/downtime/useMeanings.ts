import { useQuery } from "@tanstack/react-query";
import { reasonsQuery } from "../../api/downtime";
import { useFormat } from "../../format/useFormat";
import { useLanguage } from "../../i18n/LanguageProvider";
import { lookup } from "../../i18n/lookup";
import { STATES } from "../../parts/states";
import { useReasonName } from "../../parts/useReasonName";
import { usableGroups } from "./reasonTree";

/** What the code of a reason signal means while the machine has nothing to say. */
export const NO_REASON = "none";

/** What codes may mean: states for a state signal, reasons for a reason signal. */
export function useMeanings() {
  const { t } = useLanguage();
  const f = useFormat();
  const reasonName = useReasonName();
  const reasons = useQuery(reasonsQuery).data ?? [];
  const meant = (role: string, meaning: string): string => {
    if (role !== "reason") return lookup(t.states, meaning);
    return meaning === NO_REASON ? t.signals.nothing : reasonName(meaning);
  };
  const choices = (role: string, machine: string | null) =>
    role !== "reason"
      ? STATES.filter((state) => state !== "unobserved").map((value) => ({ value: value as string, label: lookup(t.states, value) }))
      : [
          { value: NO_REASON, label: t.signals.nothing },
          ...usableGroups(reasons, machine === null ? [] : [machine]).map(({ group, leaves }) => ({
            group: group === null ? t.downtime.reason : f.name(group.name),
            items: leaves.map(({ id, name }) => ({ value: id, label: f.name(name) })),
          })),
        ];
  return { meant, choices };
}
