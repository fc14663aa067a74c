import { useSuspenseQuery } from "@tanstack/react-query";
import { plantQuery } from "../../../api/queries";
import { useFormat } from "../../../format/useFormat";
import { useLanguage } from "../../../i18n/LanguageProvider";

/** Lines and their machines as choices of a field; an empty choice means everywhere. */
export function useScopes() {
  const { t } = useLanguage();
  const f = useFormat();
  const { data: plant } = useSuspenseQuery(plantQuery);
  return plant.areas.flatMap(({ lines }) =>
    lines.map((line) => ({
      group: f.name(line.name),
      items: [
        { value: `line:${line.id}`, label: t.oee.wholeLine(f.name(line.name)) },
        ...line.machines.map(({ id, name }) => ({ value: `machine:${id}`, label: `${f.name(name)} · ${id}` })),
      ],
    })),
  );
}
