import type { Schemas } from "../api/client";
import { useFormat } from "../format/useFormat";
import { useLanguage } from "../i18n/LanguageProvider";
import css from "./BelowTarget.module.css";

/** Says that an OEE is below its target and what that is; nothing while it is not. */
export function BelowTarget({ oee }: { oee: Pick<Schemas["OeeOut"], "target" | "off_target"> | undefined }) {
  const { t } = useLanguage();
  const f = useFormat();
  if (!oee?.off_target.includes("oee")) return null;
  return <span className={`${css.below} tabular`}>{t.indicators.below(f.percent(oee.target?.oee))}</span>;
}
