import { IconPlugConnected, IconPlugConnectedX } from "@tabler/icons-react";
import { useLanguage } from "../../i18n/LanguageProvider";
import mark from "../../parts/StateMark.module.css";

export function OnlineMark({ isOnline }: { isOnline: boolean }) {
  const { t } = useLanguage();
  const colour = isOnline ? "running" : "breakdown";
  const Shape = isOnline ? IconPlugConnected : IconPlugConnectedX;
  return (
    <span className={`${mark.mark} ${mark.small}`} style={{ color: `var(--${colour})`, background: `var(--${colour}-soft)` }}>
      <Shape size={13} aria-hidden />
      {isOnline ? t.system.online : t.system.offline}
    </span>
  );
}
