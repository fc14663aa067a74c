import { NOTHING } from "../../format/formats";
import { useFormat } from "../../format/useFormat";
import { useLanguage } from "../../i18n/LanguageProvider";

export type Value = boolean | number | string | null | undefined;

/** A function that writes the value of any tag for people; numbers keep what a machine's reading may mean. */
export function useSaidValue(): (value: Value) => string {
  const { t } = useLanguage();
  const f = useFormat();
  const locale = f.language === "zh" ? "zh-CN" : "en-GB";
  return (value) => {
    if (value === null || value === undefined) return NOTHING;
    if (typeof value === "boolean") return value ? t.gateways.on : t.gateways.off;
    if (typeof value === "number") return new Intl.NumberFormat(locale, { maximumSignificantDigits: 12, useGrouping: Math.abs(value) < 1e6 }).format(value);
    return value;
  };
}
