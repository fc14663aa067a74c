import { SegmentedControl } from "@mantine/core";
import { LANGUAGES, type Language } from "../i18n/language";
import { useLanguage } from "../i18n/LanguageProvider";

/** Each language in its own script, so that it is found by whoever reads only that one. */
export function LanguageSwitch({ isWide = false }: { isWide?: boolean }) {
  const { language, speak, t } = useLanguage();
  return (
    <SegmentedControl
      size="xs"
      fullWidth={isWide}
      aria-label={t.language.label}
      value={language}
      onChange={(next) => speak(next as Language)}
      data={LANGUAGES.map((value) => ({ value, label: t.language[value] }))}
    />
  );
}
