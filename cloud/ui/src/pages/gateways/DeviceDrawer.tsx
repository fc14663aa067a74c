import { Drawer, Skeleton, Stack, Text, TextInput } from "@mantine/core";
import { IconSearch } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import type { Schemas } from "../../api/client";
import { tagsQuery } from "../../api/queries";
import { useFormat } from "../../format/useFormat";
import { useLanguage } from "../../i18n/LanguageProvider";
import { Loaded } from "../../parts/Loaded";
import { DeviceMark } from "./DeviceMark";
import css from "./DeviceDrawer.module.css";
import { TagTable } from "./TagTable";

interface DeviceDrawerProps {
  gateway: Schemas["FleetGateway"] | null;
  device: string | null;
  onClose: () => void;
}

/** One device with the newest value of each of its tags. */
export function DeviceDrawer({ gateway, device, onClose }: DeviceDrawerProps) {
  const { t } = useLanguage();
  const shown = gateway?.devices.find(({ id }) => id === device) ?? null;
  return (
    <Drawer
      opened={shown !== null}
      onClose={onClose}
      position="right"
      size={720}
      closeButtonProps={{ "aria-label": t.close }}
      title={shown !== null && gateway !== null && (
        <Text fw={650} fz="lg">{shown.id} <Text span c="var(--ink-soft)" fz="sm">{gateway.group}/{gateway.node}</Text></Text>
      )}
    >
      {shown !== null && gateway !== null && <Opened gateway={gateway} device={shown} />}
    </Drawer>
  );
}

function Opened({ gateway, device }: { gateway: Schemas["FleetGateway"]; device: Schemas["DeviceOut"] }) {
  const { t } = useLanguage();
  const f = useFormat();
  const [wanted, setWanted] = useState("");
  const query = useQuery(tagsQuery(gateway.group, gateway.node, device.id));
  const facts = [
    [t.gateways.lastSeen, f.dayTimeWithSeconds(device.last_seen)],
    [t.gateways.errors, f.integer(device.errors)],
    [t.gateways.overruns, f.integer(device.overruns)],
    [t.gateways.badInput, f.integer(device.bad_input)],
    [t.gateways.skew, device.clock_skew_s === null ? f.integer(null) : t.gateways.skewOf(f.decimal2(device.clock_skew_s))],
  ] as const;
  return (
    <Stack gap="md">
      <div className={css.state}>
        <DeviceMark device={device} />
        {device.stale_since !== null && <span>{t.gateways.staleSince(f.dayTimeWithSeconds(device.stale_since))}</span>}
      </div>
      <dl className={`${css.facts} tabular`}>
        {facts.map(([name, value]) => <div key={name}><dt>{name}</dt><dd>{value}</dd></div>)}
      </dl>
      {device.last_error !== null && <p className={css.error}><b>{t.gateways.lastError}</b> {device.last_error}</p>}
      <TextInput
        aria-label={t.gateways.search}
        placeholder={t.gateways.search}
        leftSection={<IconSearch size={16} />}
        value={wanted}
        onChange={(event) => setWanted(event.currentTarget.value)}
      />
      <Loaded query={query} skeleton={<Skeleton h={220} radius={10} />}>
        {(tags) => (
          <TagTable
            gateway={gateway}
            device={device}
            tags={tags.filter(({ tag }) => tag.toLowerCase().includes(wanted.trim().toLowerCase()))}
          />
        )}
      </Loaded>
    </Stack>
  );
}
