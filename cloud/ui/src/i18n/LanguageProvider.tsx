import { createContext, type ReactNode, use, useCallback, useEffect, useMemo, useState } from "react";
import { en } from "./en";
import { firstLanguage, keepLanguage, keptLanguage, type Language } from "./language";
import { zh } from "./zh";

interface Spoken {
  language: Language;
  t: typeof zh;
  speak: (language: Language) => void;
}

const TEXTS = { zh, en };
const LanguageContext = createContext<Spoken | null>(null);

export function LanguageProvider({ children }: { children: ReactNode }) {
  const [language, setLanguage] = useState(() => firstLanguage(keptLanguage(), navigator.languages));
  useEffect(() => {
    document.documentElement.lang = language === "zh" ? "zh-CN" : "en";
  }, [language]);
  const speak = useCallback((next: Language) => {
    keepLanguage(next);
    setLanguage(next);
  }, []);
  const spoken = useMemo(() => ({ language, t: TEXTS[language], speak }), [language, speak]);
  return <LanguageContext value={spoken}>{children}</LanguageContext>;
}

/** Speaks another language below than the one chosen, as a board on a wall does; none given changes nothing. */
export function SpeakIn({ language, children }: { language: Language | undefined; children: ReactNode }) {
  const above = useLanguage();
  const spoken = useMemo(() => (language === undefined ? above : { ...above, language, t: TEXTS[language] }), [above, language]);
  useEffect(() => {
    document.documentElement.lang = spoken.language === "zh" ? "zh-CN" : "en";
    return () => {
      document.documentElement.lang = above.language === "zh" ? "zh-CN" : "en";
    };
  }, [spoken.language, above.language]);
  return <LanguageContext value={spoken}>{children}</LanguageContext>;
}

/** The chosen language, its texts as `t`, and `speak` to change it. */
export function useLanguage(): Spoken {
  const spoken = use(LanguageContext);
  if (spoken === null) throw new Error("useLanguage stands outside of LanguageProvider");
  return spoken;
}
