export type Language = "zh" | "en";

export const LANGUAGES: readonly Language[] = ["zh", "en"];

const KEPT_AS = "taktline.language";

/** The language to start in: the one chosen last here, else the first the browser prefers that we speak, else English. */
export function firstLanguage(kept: string | null, preferred: readonly string[]): Language {
  if (kept === "zh" || kept === "en") return kept;
  for (const tag of preferred) {
    const language = tag.toLowerCase().split("-")[0];
    if (language === "zh" || language === "en") return language;
  }
  return "en";
}

export function keptLanguage(): string | null {
  return window.localStorage.getItem(KEPT_AS);
}

export function keepLanguage(language: Language): void {
  window.localStorage.setItem(KEPT_AS, language);
}
