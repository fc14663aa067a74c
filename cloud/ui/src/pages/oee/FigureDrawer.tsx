import { Drawer, Select, Stack, Text } from "@mantine/core";
import { useSuspenseQuery } from "@tanstack/react-query";
import { useState } from "react";
import type { Schemas } from "../../api/client";
import { type OeeAsked, plantQuery } from "../../api/queries";
import { useFormat } from "../../format/useFormat";
import { useLanguage } from "../../i18n/LanguageProvider";
import { lookup } from "../../i18n/lookup";
import { FormulaLine } from "./FormulaLine";
import { FIGURES, type Opened } from "./opened";
import { Segments } from "./Segments";

interface FigureDrawerProps {
  oee: Schemas["OeeOut"];
  asked: OeeAsked;
  opened: Opened | null;
  onClose: () => void;
}

/** What a figure is made of: the formula with its numbers, then the segments of each machine. */
export function FigureDrawer({ oee, asked, opened, onClose }: FigureDrawerProps) {
  const { t } = useLanguage();
  const f = useFormat();
  const { data: plant } = useSuspenseQuery(plantQuery);
  const [shown, setShown] = useState<Opened>("oee");
  if (opened !== null && opened !== shown) setShown(opened);
  const [chosen, setChosen] = useState<string | null>(null);
  const machines = oee.machines.map(({ machine }) => machine);
  const machine = chosen !== null && machines.includes(chosen) ? chosen : machines[0];
  const known = plant.areas.flatMap((area) => area.lines.flatMap((line) => line.machines));
  const title = openedName(shown, t);
  return (
    <Drawer
      opened={opened !== null}
      onClose={onClose}
      position="right"
      size={920}
      closeButtonProps={{ "aria-label": t.close }}
      title={<Text fw={650} fz="lg">{t.oee.segmentsOf(title)}</Text>}
    >
      <Stack gap="md">
        <Text fz="sm" c="var(--ink-soft)" className="tabular">{t.oee.window(f.dayTime(oee.start), f.dayTime(oee.end))}</Text>
        <FormulaLine opened={shown} figure={oee.figure} policy={oee.policy} />
        {machines.length > 1 && (
          <Select
            label={t.oee.machine}
            value={machine ?? null}
            onChange={(next) => setChosen(next)}
            allowDeselect={false}
            maw={420}
            data={oee.machines.map((each) => {
              const name = known.find(({ id }) => id === each.machine)?.name;
              const value = FIGURES.find((figure) => figure === shown);
              const said = value === undefined ? "" : ` · ${f.percent(each.figure[value])}`;
              return { value: each.machine, label: `${name === undefined ? "" : f.name(name)} ${each.machine}${said}` };
            })}
          />
        )}
        {machine !== undefined && opened !== null && <Segments key={`${shown}/${machine}`} machine={machine} asked={asked} oee={oee} opened={shown} />}
      </Stack>
    </Drawer>
  );
}

function openedName(opened: Opened, t: ReturnType<typeof useLanguage>["t"]): string {
  const totals: Record<string, string> = { planned: t.oee.planned, observed: t.oee.observed, effective: t.oee.effective };
  return totals[opened] ?? (Object.hasOwn(t.figures, opened) ? lookup(t.figures, opened) : lookup(t.losses, opened));
}
