import { useLanguage } from "../../i18n/LanguageProvider";
import { lookup } from "../../i18n/lookup";
import mark from "../../parts/StateMark.module.css";

const COLOURS: Record<string, string> = {
  unacknowledged: "breakdown",
  acknowledged: "setup",
  cleared_unacknowledged: "starved",
  normal: "running",
};

/** Where an alarm stands after ISA-18.2. */
export function AlarmState({ state }: { state: string }) {
  const { t } = useLanguage();
  const colour = COLOURS[state] ?? "idle";
  return (
    <span className={`${mark.mark} ${mark.small}`} style={{ color: `var(--${colour})`, background: `var(--${colour}-soft)`, paddingLeft: 8 }}>
      {lookup(t.alarms.states, state)}
    </span>
  );
}
