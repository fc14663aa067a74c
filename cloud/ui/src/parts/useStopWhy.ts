import { useLanguage } from "../i18n/LanguageProvider";
import type { zh } from "../i18n/zh";
import { useReasonName } from "./useReasonName";

export interface Explained {
  reason: string | null;
  lost_s: number;
}

/** A function from a stop to why it is one: its reason, that it lies in a break, or that nobody has said. */
export function useStopWhy(): (stop: Explained) => string {
  const { t } = useLanguage();
  const reasonName = useReasonName();
  return (stop) => whyOf(stop, reasonName, t);
}

export function whyOf({ reason, lost_s: lost }: Explained, reasonName: (reason: string) => string, t: typeof zh): string {
  if (reason !== null) return reasonName(reason);
  // Without a planned second in it there is nothing to explain.
  return lost > 0 ? t.downtime.unexplained : t.downtime.inBreak;
}
