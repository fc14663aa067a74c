import { Button, Select, Skeleton, TextInput } from "@mantine/core";
import { IconPencil } from "@tabler/icons-react";
import { useQuery, useSuspenseQuery } from "@tanstack/react-query";
import { useState } from "react";
import { answered, api, type Schemas } from "../../../api/client";
import { plantQuery } from "../../../api/queries";
import { flowsQuery } from "../../../api/standards";
import { useFormat } from "../../../format/useFormat";
import { useLanguage } from "../../../i18n/LanguageProvider";
import { Card } from "../../../parts/Card";
import { Loaded } from "../../../parts/Loaded";
import { useMachineName } from "../../../parts/useMachineName";
import { flowOf, stationsOf } from "./flow";
import { SettingDialog } from "./SettingDialog";
import css from "./Settings.module.css";

type Flow = Schemas["LineFlowOut"];
type Line = Schemas["LineOut"];

/** Which machines of each line are one station, and which station decides what it makes. */
export function FlowList({ mayChange }: { mayChange: boolean }) {
  const { t } = useLanguage();
  const f = useFormat();
  const machineName = useMachineName();
  const { data: plant } = useSuspenseQuery(plantQuery);
  const query = useQuery(flowsQuery);
  const [opened, setOpened] = useState<Flow | null>(null);
  const lines = new Map(plant.areas.flatMap((area) => area.lines.map((line) => [line.id, line] as const)));
  const line = opened === null ? undefined : lines.get(opened.line);
  return (
    <Loaded query={query} skeleton={<Skeleton h={240} radius={12} />}>
      {(flows) => (
        <>
          <p className={css.note}>{t.standards.linesHint}</p>
          {flows.map((flow) => {
            const its = lines.get(flow.line);
            if (its === undefined) return null;
            return (
              <Card
                key={flow.line}
                title={f.name(its.name)}
                hint={mayChange && <Button size="compact-sm" variant="default" leftSection={<IconPencil size={14} />} aria-label={t.standards.changeOf(f.name(its.name))} onClick={() => setOpened(flow)}>{t.standards.change}</Button>}
              >
                <ol className={css.stations}>
                  {stationsOf(its, flow).map(({ station, machines }) => (
                    <li key={station} data-constraint={station === flow.constraint || undefined}>
                      {machines.length === 1 && station === machines[0] ? machineName(station) : `${station} · ${machines.map(machineName).join("、")}`}{" "}
                      {machines.length > 1 && <small>{t.standards.parallel(machines.length)}</small>}
                    </li>
                  ))}
                </ol>
                <p className={css.note}>{t.standards.constraintIs(flow.constraint === null ? t.standards.computed : machineName(flow.constraint ?? ""))}</p>
              </Card>
            );
          })}
          {opened !== null && line !== undefined && <FlowDialog flow={opened} line={line} onClose={() => setOpened(null)} />}
        </>
      )}
    </Loaded>
  );
}

function FlowDialog({ flow, line, onClose }: { flow: Flow; line: Line; onClose: () => void }) {
  const { t } = useLanguage();
  const f = useFormat();
  const machineName = useMachineName();
  const [stations, setStations] = useState<Record<string, string>>(() => ({ ...flow.stations }));
  const [constraint, setConstraint] = useState(flow.constraint ?? null);
  const body = flowOf(line, stations, constraint);
  const send = () => answered(api.PUT("/api/v1/oee/lines/{line}", { params: { path: { line: line.id } }, body }));
  const choices = stationsOf(line, { stations: body.stations ?? {} }).map(({ station }) => ({ value: station, label: machineName(station) }));
  return (
    <SettingDialog title={t.standards.changeOf(f.name(line.name))} hint={t.standards.linesHint} submit={t.standards.save} canSend send={send} onClose={onClose}>
      <div className={css.two}>
        {line.machines.map(({ id, name }) => (
          <TextInput
            key={id}
            label={t.standards.stationOf(`${f.name(name)} ${id}`)}
            placeholder={id}
            maxLength={60}
            value={stations[id] ?? ""}
            onChange={(event) => {
              const station = event.currentTarget.value;
              setStations((now) => ({ ...now, [id]: station }));
            }}
          />
        ))}
      </div>
      <Select
        label={t.standards.constraint}
        allowDeselect={false}
        value={body.constraint ?? ""}
        onChange={(next) => setConstraint(next === "" ? null : next)}
        data={[{ value: "", label: t.standards.computed }, ...choices]}
      />
    </SettingDialog>
  );
}
