import { useSuspenseQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { plantQuery } from "../api/queries";
import { useLanguage } from "../i18n/LanguageProvider";
import { formats } from "./formats";

/** Formats of the chosen language in the plant's time zone; usable wherever the plant is loaded. */
export function useFormat() {
  const { language } = useLanguage();
  const { data: plant } = useSuspenseQuery(plantQuery);
  return useMemo(() => formats(language, plant.timezone), [language, plant.timezone]);
}
