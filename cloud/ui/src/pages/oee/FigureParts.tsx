import { Select, Stack, Text } from "@mantine/core";
import { useSuspenseQuery } from "@tanstack/react-query";
import { useState } from "react";
import type { Schemas } from "../../api/client";
import { type OeeAsked, plantQuery } from "../../api/queries";
import { useFormat } from "../../format/useFormat";
import { useLanguage } from "../../i18n/LanguageProvider";
import { FormulaLine } from "./FormulaLine";
import { FIGURES, type Opened } from "./opened";
import { Segments } from "./Segments";

interface FigurePartsProps {
  oee: Schemas["OeeOut"];
  asked: OeeAsked;
  opened: Opened;
}

/** What a figure is made of: its window, the formula with its numbers, then the segments of one machine after the other. */
export function FigureParts({ oee, asked, opened }: FigurePartsProps) {
  const { t } = useLanguage();
  const f = useFormat();
  const { data: plant } = useSuspenseQuery(plantQuery);
  const [chosen, setChosen] = useState<string | null>(null);
  const machines = oee.machines.map(({ machine }) => machine);
  const machine = chosen !== null && machines.includes(chosen) ? chosen : machines[0];
  const known = plant.areas.flatMap((area) => area.lines.flatMap((line) => line.machines));
  return (
    <Stack gap="md">
      <Text fz="sm" c="var(--ink-soft)" className="tabular">{t.oee.window(f.dayTime(oee.start), f.dayTime(oee.end))}</Text>
      <FormulaLine opened={opened} figure={oee.figure} policy={oee.policy} />
      {machines.length > 1 && (
        <Select
          label={t.oee.machine}
          value={machine ?? null}
          onChange={(next) => setChosen(next)}
          allowDeselect={false}
          maw={420}
          data={oee.machines.map((each) => {
            const name = known.find(({ id }) => id === each.machine)?.name;
            const value = FIGURES.find((figure) => figure === opened);
            const said = value === undefined ? "" : ` · ${f.percent(each.figure[value])}`;
            return { value: each.machine, label: `${name === undefined ? "" : f.name(name)} ${each.machine}${said}` };
          })}
        />
      )}
      {machine !== undefined && <Segments key={`${opened}/${machine}`} machine={machine} asked={asked} opened={opened} />}
    </Stack>
  );
}
