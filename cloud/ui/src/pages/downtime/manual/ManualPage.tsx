import { Group, Select, Skeleton, Stack } from "@mantine/core";
import { IconClipboardText } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { manualMachinesQuery, sheetsQuery } from "../../../api/downtime";
import { useLanguage } from "../../../i18n/LanguageProvider";
import { plantClock } from "../../../live/plantClock";
import { Card } from "../../../parts/Card";
import { Empty } from "../../../parts/Empty";
import { Loaded } from "../../../parts/Loaded";
import { useMachineName } from "../../../parts/useMachineName";
import css from "../Downtime.module.css";
import { DowntimeHead } from "../DowntimeHead";
import { ShiftChoice } from "../ShiftChoice";
import { type ShiftWindow, useShifts } from "../useShifts";
import { SheetForm, type SheetMachine } from "./SheetForm";

const MINUTE_MS = 60_000;

/** The sheet of a machine without a PLC for a shift. */
export function ManualPage() {
  const { t } = useLanguage();
  const machineName = useMachineName();
  const query = useQuery(manualMachinesQuery);
  const { query: known, shifts } = useShifts();
  const [wanted, setWanted] = useState<string | null>(null);
  const [chosen, setChosen] = useState<ShiftWindow | null>(null);
  const machine = query.data?.find((one) => one.machine === wanted) ?? query.data?.[0];
  const shift = chosen ?? shifts[0];
  return (
    <>
      <DowntimeHead>
        {machine !== undefined && shift !== undefined && (
          <Group gap="sm" mb="sm" className={css.choices}>
            <Select
              size="md"
              aria-label={t.downtime.machine}
              className={css.machine}
              value={machine.machine}
              onChange={setWanted}
              allowDeselect={false}
              data={(query.data ?? []).map((one) => ({ value: one.machine, label: `${machineName(one.machine)} · ${one.machine}` }))}
            />
            <ShiftChoice shifts={shifts} chosen={shift} onChoose={setChosen} />
          </Group>
        )}
      </DowntimeHead>
      <Loaded query={query} skeleton={<SheetSkeleton />}>
        {() =>
          machine === undefined ? (
            <Card title={t.downtime.tabs.manual}><Empty icon={IconClipboardText} title={t.manual.none} hint={t.manual.noneHint} /></Card>
          ) : (
            <Loaded query={known} skeleton={<SheetSkeleton />}>
              {() =>
                shift !== undefined && (
                  // Who has begun to fill in a sheet stays in its shift.
                  <div onFocusCapture={() => setChosen(shift)}>
                    <Sheet key={`${machine.machine}/${shift.start}`} machine={machine} shift={shift} />
                  </div>
                )
              }
            </Loaded>
          )
        }
      </Loaded>
    </>
  );
}

function Sheet({ machine, shift }: { machine: SheetMachine; shift: ShiftWindow }) {
  const query = useQuery(sheetsQuery(machine.machine, shift.start, shift.end));
  // A shift that goes on is told up to the last full minute.
  const [end] = useState(() => Math.min(Date.parse(shift.end), Math.floor((plantClock.now() ?? 0) / MINUTE_MS) * MINUTE_MS));
  // A new version begins a new form; that it was saved is said by the one that follows.
  const [saved, setSaved] = useState<number | null>(null);
  return (
    <Loaded query={query} skeleton={<SheetSkeleton />}>
      {(sheets) => {
        const sheet = sheets.find(({ start }) => start === shift.start) ?? null;
        return (
          <SheetForm
            key={sheet?.version ?? 0}
            machine={machine}
            start={Date.parse(shift.start)}
            end={end}
            sheet={sheet}
            isSaved={sheet !== null && sheet.version === saved}
            onSaved={setSaved}
          />
        );
      }}
    </Loaded>
  );
}

function SheetSkeleton() {
  return (
    <Stack gap="md">
      <Skeleton h={180} radius={12} />
      <Skeleton h={180} radius={12} />
    </Stack>
  );
}
