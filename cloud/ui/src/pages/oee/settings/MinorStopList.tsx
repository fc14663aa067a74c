import { Button, NumberInput } from "@mantine/core";
import { useSuspenseQuery } from "@tanstack/react-query";
import { useState } from "react";
import { answered, api, type Schemas } from "../../../api/client";
import { plantQuery } from "../../../api/queries";
import { useFormat } from "../../../format/useFormat";
import { useLanguage } from "../../../i18n/LanguageProvider";
import { Card } from "../../../parts/Card";
import { PagedTable } from "../../../parts/PagedTable";
import table from "../../../parts/Table.module.css";
import { SettingDialog } from "./SettingDialog";
import css from "./Settings.module.css";

type Machine = Schemas["MachineOut"];

/** Which stops of each machine are minor ones. */
export function MinorStopList({ mayChange }: { mayChange: boolean }) {
  const { t } = useLanguage();
  const f = useFormat();
  const { data: plant } = useSuspenseQuery(plantQuery);
  const [opened, setOpened] = useState<Machine | null>(null);
  const machines = plant.areas.flatMap((area) => area.lines.flatMap((line) => line.machines));
  return (
    <Card title={t.standards.minorStops} isFlush>
      <p className={css.lead}>{t.standards.minorStopsHint}</p>
      <PagedTable
        label={t.standards.minorStops}
        isStacked
        rows={machines}
        rowKey={({ id }) => id}
        columns={[
          { name: t.standards.machine, cell: ({ id, name }) => <><b>{f.name(name)}</b> <span className={table.soft}>{id}</span></> },
          { name: t.standards.minorStop, isRight: true, cell: ({ minor_stop_s }) => f.integer(minor_stop_s) },
          ...(mayChange
            ? [{ name: t.standards.change, isRight: true, cell: (machine: Machine) => <Button variant="default" size="compact-xs" aria-label={t.standards.changeOf(f.name(machine.name))} onClick={() => setOpened(machine)}>{t.standards.change}</Button> }]
            : []),
        ]}
      />
      {opened !== null && <MinorStopDialog machine={opened} onClose={() => setOpened(null)} />}
    </Card>
  );
}

function MinorStopDialog({ machine, onClose }: { machine: Machine; onClose: () => void }) {
  const { t } = useLanguage();
  const f = useFormat();
  const [seconds, setSeconds] = useState<number | string>(machine.minor_stop_s);
  const send = () =>
    answered(api.PUT("/api/v1/machines/{machine}/minor-stop", { params: { path: { machine: machine.id } }, body: { minor_stop_s: Number(seconds) } }));
  return (
    <SettingDialog title={t.standards.changeOf(`${f.name(machine.name)} ${machine.id}`)} hint={t.standards.minorStopsHint} submit={t.standards.save} canSend={typeof seconds === "number"} send={send} onClose={onClose}>
      <NumberInput label={t.standards.minorStop} min={0} max={3600} allowDecimal={false} hideControls data-autofocus value={seconds} onChange={setSeconds} />
    </SettingDialog>
  );
}
