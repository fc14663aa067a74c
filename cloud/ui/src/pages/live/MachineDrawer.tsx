import { Drawer, Group, Stack, Text } from "@mantine/core";
import { IconBellRinging, IconChartLine, IconGauge, IconRoute } from "@tabler/icons-react";
import type { Schemas } from "../../api/client";
import { useFormat } from "../../format/useFormat";
import { useLanguage } from "../../i18n/LanguageProvider";
import { Bar } from "../../parts/Bar";
import { LinkButton } from "../../parts/LinkButton";
import { Ring } from "../../parts/Ring";
import { useLastShown } from "../../parts/useLastShown";
import css from "./MachineDrawer.module.css";
import { MachineTimeline } from "./MachineTimeline";
import { TileState } from "./TileState";

/** One machine in more detail, with the ways on to its OEE, order and alarm. */
export function MachineDrawer({ tile, onClose }: { tile: Schemas["Tile"] | null; onClose: () => void }) {
  const { t } = useLanguage();
  const f = useFormat();
  const shown = useLastShown(tile);
  return (
    <Drawer
      opened={tile !== null}
      onClose={onClose}
      position="right"
      size={520}
      closeButtonProps={{ "aria-label": t.close }}
      title={shown !== null && <Text fw={650} fz="lg">{f.name(shown.name)} <Text span c="var(--ink-soft)" fz="sm">{shown.machine}</Text></Text>}
    >
      {shown !== null && (
        <Stack gap="lg">
          <TileState tile={shown} state={shown.fresh ? shown.state : "unobserved"} />
          <div className={css.figures}>
            <Ring label="OEE" ratio={shown.oee} size={112} />
            <dl className={`${css.facts} tabular`}>
              <Fact name={t.figures.availability} value={f.percent(shown.availability)} />
              <Fact name={t.figures.effectiveness} value={f.percent(shown.effectiveness)} />
              <Fact name={t.figures.quality} value={f.percent(shown.quality)} />
              <Fact name={t.live.goodParts} value={f.integer(shown.shift_good)} />
              <Fact name={t.live.rejectedParts} value={f.integer(shown.shift_rejected)} />
              <Fact name={t.figures.coverage} value={f.percent(shown.coverage)} />
            </dl>
          </div>
          {shown.running !== null && <Running running={shown.running} />}
          <div className={css.block}>
            <h3>{t.live.timeline}</h3>
            <MachineTimeline machine={shown.machine} />
          </div>
          <Group gap="sm">
            <LinkButton to="/oee" search={{ scope: `machine:${shown.machine}`, period: "shift" }} leftSection={<IconGauge size={17} />}>
              {t.live.openOee}
            </LinkButton>
            <LinkButton to="/history" search={{ q: `/${shown.machine}/` }} variant="default" leftSection={<IconChartLine size={17} />}>
              {t.history.openHistory}
            </LinkButton>
            {shown.running !== null && (
              <LinkButton to="/orders/$number" params={{ number: shown.running.order }} variant="default" leftSection={<IconRoute size={17} />}>
                {t.live.openThread}
              </LinkButton>
            )}
            {shown.alarm !== null && (
              <LinkButton to="/alarms" search={{ id: shown.alarm.id }} variant="light" color="red" leftSection={<IconBellRinging size={17} />}>
                {t.live.openAlarm}
              </LinkButton>
            )}
          </Group>
        </Stack>
      )}
    </Drawer>
  );
}

function Fact({ name, value }: { name: string; value: string }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </div>
  );
}

function Running({ running }: { running: Schemas["TileOrder"] }) {
  const { t } = useLanguage();
  const f = useFormat();
  return (
    <div className={css.block}>
      <h3>{t.live.runningOrder}</h3>
      <Group justify="space-between" gap="xs">
        <Text fw={650}>{running.order} · {f.name(running.customer)}</Text>
        <Text fz="sm" c="var(--ink-soft)">{t.live.due(f.dayTime(running.customer_due))}</Text>
      </Group>
      <Group justify="space-between" gap="xs" mb={6}>
        <Text fz="sm">{f.name(running.product_name)} · {t.live.operation(running.operation)}</Text>
        <Text fz="sm" className="tabular">
          {f.integer(running.good)} / {f.integer(running.target)} · {t.live.rejected(f.integer(running.rejected))}
        </Text>
      </Group>
      <Bar label={t.live.progress} value={running.good} of={running.target} colour="var(--running-fill)" />
    </div>
  );
}
