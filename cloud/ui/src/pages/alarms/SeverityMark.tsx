import { IconAlertOctagonFilled, IconAlertTriangleFilled } from "@tabler/icons-react";
import { useLanguage } from "../../i18n/LanguageProvider";
import { lookup } from "../../i18n/lookup";
import css from "./SeverityMark.module.css";

export function SeverityMark({ severity }: { severity: string }) {
  const { t } = useLanguage();
  const isCritical = severity === "critical";
  const Shape = isCritical ? IconAlertOctagonFilled : IconAlertTriangleFilled;
  return (
    <span className={`${css.mark} ${isCritical ? css.critical : css.warning}`}>
      <Shape size={14} aria-hidden />
      {lookup(t.alarms.severities, severity)}
    </span>
  );
}
