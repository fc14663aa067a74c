import { Select } from "@mantine/core";
import { useSuspenseQuery } from "@tanstack/react-query";
import { plantQuery } from "../../api/queries";
import { useLanguage } from "../../i18n/LanguageProvider";

interface ScopeChoiceProps {
  scope: string;
  onScope: (scope: string) => void;
  /** As large as what stands beside it. */
  size?: "sm" | "md";
}

export function ScopeChoice({ scope, onScope, size = "sm" }: ScopeChoiceProps) {
  const { t, language } = useLanguage();
  const { data: plant } = useSuspenseQuery(plantQuery);
  const lines = plant.areas.flatMap((area) => area.lines);
  const choices = [
    { value: "site", label: t.oee.site },
    ...lines.map((line) => ({
      group: line.name[language],
      items: [
        { value: `line:${line.id}`, label: t.oee.wholeLine(line.name[language]) },
        ...line.machines.map(({ id, name }) => ({ value: `machine:${id}`, label: `${name[language]} · ${id}` })),
      ],
    })),
  ];
  return (
    <Select
      aria-label={t.oee.scope}
      size={size}
      data={choices}
      value={scope}
      onChange={(next) => next !== null && onScope(next)}
      allowDeselect={false}
      maxDropdownHeight={420}
      w={{ base: "100%", xs: 270 }}
      comboboxProps={{ shadow: "md" }}
    />
  );
}
