import { Button, NumberInput, Radio, Skeleton, Stack } from "@mantine/core";
import { IconClockStop } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { answered, api, type Schemas } from "../../../api/client";
import { cyclesQuery } from "../../../api/standards";
import { useFormat } from "../../../format/useFormat";
import { useLanguage } from "../../../i18n/LanguageProvider";
import { lookup } from "../../../i18n/lookup";
import { Card } from "../../../parts/Card";
import { Empty } from "../../../parts/Empty";
import { Loaded } from "../../../parts/Loaded";
import { PagedTable } from "../../../parts/PagedTable";
import table from "../../../parts/Table.module.css";
import { useMachineName } from "../../../parts/useMachineName";
import { SettingDialog } from "./SettingDialog";
import css from "./Settings.module.css";

type Cycle = Schemas["IdealCycleOut"];
const HOLDS = ["waiting", "all"] as const;

/** The ideal cycle of each product on each machine. */
export function CycleList({ mayChange }: { mayChange: boolean }) {
  const { t } = useLanguage();
  const f = useFormat();
  const machineName = useMachineName();
  const query = useQuery(cyclesQuery);
  const [opened, setOpened] = useState<Cycle | null>(null);
  return (
    <Loaded query={query} skeleton={<Skeleton h={420} radius={12} />}>
      {(cycles) => (
        <Card title={t.standards.cycles} isFlush>
          <p className={css.lead}>{t.standards.cyclesHint}</p>
          {cycles.length === 0 ? (
            <Empty icon={IconClockStop} title={t.standards.noCycles} />
          ) : (
            <PagedTable
              label={t.standards.cycles}
              isStacked
              rows={cycles}
              rowKey={({ product, operation }) => `${product} ${operation}`}
              columns={[
                { name: t.standards.product, cell: ({ product, product_name }) => <><b>{f.name(product_name)}</b> <span className={table.soft}>{product}</span></> },
                { name: t.standards.operation, isRight: true, cell: ({ operation }) => operation },
                { name: t.standards.machine, cell: ({ machine }) => <>{machineName(machine)} <span className={table.soft}>{machine}</span></> },
                { name: t.oee.columns.ideal, isRight: true, cell: ({ ideal_cycle_s }) => t.standards.seconds(f.decimal2(ideal_cycle_s)) },
                ...(mayChange
                  ? [{ name: t.standards.change, isRight: true, cell: (cycle: Cycle) => <Button variant="default" size="compact-xs" aria-label={t.standards.changeOf(titleOf(cycle))} onClick={() => setOpened(cycle)}>{t.standards.change}</Button> }]
                  : []),
              ]}
            />
          )}
          {opened !== null && <CycleDialog cycle={opened} title={t.standards.changeOf(titleOf(opened))} onClose={() => setOpened(null)} />}
        </Card>
      )}
    </Loaded>
  );

  function titleOf({ product_name, machine }: Cycle): string {
    return `${f.name(product_name)} · ${machineName(machine)}`;
  }
}

function CycleDialog({ cycle, title, onClose }: { cycle: Cycle; title: string; onClose: () => void }) {
  const { t } = useLanguage();
  const [seconds, setSeconds] = useState<number | string>(cycle.ideal_cycle_s);
  const [holdsFor, setHoldsFor] = useState<(typeof HOLDS)[number]>("waiting");
  const canSend = typeof seconds === "number" && seconds > 0;
  const send = () =>
    answered(api.PUT("/api/v1/production/ideal-cycles", { body: { product: cycle.product, operation: cycle.operation, ideal_cycle_s: Number(seconds), holds_for: holdsFor } }));
  return (
    <SettingDialog title={title} submit={t.standards.save} canSend={canSend} send={send} onClose={onClose}>
      <NumberInput label={t.standards.cycle} min={0.001} max={86_400} decimalScale={3} hideControls data-autofocus value={seconds} onChange={setSeconds} />
      <Radio.Group label={t.standards.holdsFor} value={holdsFor} onChange={(next) => setHoldsFor(HOLDS.find((known) => known === next) ?? "waiting")}>
        <Stack gap="sm" mt="xs">
          {HOLDS.map((value) => <Radio key={value} value={value} label={lookup(t.standards.holds, value)} description={lookup(t.standards.holdsHints, value)} />)}
        </Stack>
      </Radio.Group>
    </SettingDialog>
  );
}
