import { useLanguage } from "../i18n/LanguageProvider";
import { lookup } from "../i18n/lookup";
import css from "./StateMark.module.css";
import { stateColours, stateIcon } from "./states";

/** A machine state by colour, icon and word together. */
export function StateMark({ state, isSmall = false }: { state: string; isSmall?: boolean }) {
  const { t } = useLanguage();
  const Shape = stateIcon(state);
  const { ink, soft } = stateColours(state);
  return (
    <span className={`${css.mark} ${isSmall ? css.small : ""}`} style={{ color: ink, background: soft }}>
      <Shape size={isSmall ? 12 : 14} aria-hidden />
      {lookup(t.states, state)}
    </span>
  );
}
