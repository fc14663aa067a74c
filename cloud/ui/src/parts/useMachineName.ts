import { useSuspenseQuery } from "@tanstack/react-query";
import { plantQuery } from "../api/queries";
import { useLanguage } from "../i18n/LanguageProvider";

/** A function from a machine's id, `line:ID` or `site` to its name; the id itself for one that the plant no longer has. */
export function useMachineName(): (machine: string) => string {
  const { language } = useLanguage();
  const { data: plant } = useSuspenseQuery(plantQuery);
  return (machine) => {
    if (machine === "site") return plant.name[language];
    for (const area of plant.areas)
      for (const line of area.lines) {
        if (`line:${line.id}` === machine) return line.name[language];
        for (const each of line.machines) if (each.id === machine) return each.name[language];
      }
    return machine;
  };
}

/** The number that people know a place by, beside its name; of the whole plant there is none. */
export function placeId(place: string): string {
  return place === "site" ? "" : place.replace(/^line:/, "");
}
