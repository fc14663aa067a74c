import { Alert, Button } from "@mantine/core";
import { IconAlertTriangle, IconChevronRight, IconRefresh } from "@tabler/icons-react";
import { useId } from "react";
import type { Schemas } from "../../api/client";
import { useSession } from "../../app/useSession";
import { NOTHING } from "../../format/formats";
import { useFormat } from "../../format/useFormat";
import { useLanguage } from "../../i18n/LanguageProvider";
import { lookup } from "../../i18n/lookup";
import { OnlineMark } from "../system/OnlineMark";
import { DeviceMark } from "./DeviceMark";
import css from "./GatewayCard.module.css";
import { GatewayFacts } from "./GatewayFacts";

interface GatewayCardProps {
  gateway: Schemas["FleetGateway"];
  onOpen: (device: string) => void;
  onRebirth: () => void;
}

/** One gateway: whether it is there, how it is, its devices. */
export function GatewayCard({ gateway, onOpen, onRebirth }: GatewayCardProps) {
  const { t } = useLanguage();
  const f = useFormat();
  const { permissions } = useSession();
  const id = useId();
  const mayAsk = permissions.includes("gateways.command") && gateway.kind !== "json";
  const trouble = gateway.config_error ?? gateway.spool?.trouble ?? null;
  return (
    <article className={`${css.card} ${gateway.online ? "" : css.gone}`} aria-labelledby={id}>
      <header className={css.head}>
        <div>
          <h2 id={id} className={css.name}>{gateway.node} <span>{gateway.group}</span></h2>
          <p className={css.kind}>{lookup(t.gateways.kinds, gateway.kind)} · {lookup(t.gateways.kindHints, gateway.kind)}</p>
        </div>
        <div className={css.state}>
          <OnlineMark isOnline={gateway.online} />
          <span className={css.seen}>{t.gateways.lastSeen} {gateway.last_seen === null ? NOTHING : f.timeWithSeconds(gateway.last_seen)}</span>
        </div>
      </header>
      {trouble !== null && (
        <Alert className={css.alert} color="orange" variant="light" icon={<IconAlertTriangle size={17} />} title={gateway.config_error !== null ? t.gateways.configRefused : undefined}>
          {trouble}
        </Alert>
      )}
      <GatewayFacts gateway={gateway} />
      <h3 className={css.sub}>{t.gateways.devices}</h3>
      {gateway.devices.length === 0 ? (
        <p className={css.quiet}>{t.gateways.noDevices}</p>
      ) : (
        <ul className={css.devices}>
          {gateway.devices.map((device) => (
            <li key={device.id}>
              <button type="button" className={css.device} onClick={() => onOpen(device.id)} aria-label={t.gateways.open(device.id)}>
                <span className={css.id}>{device.id}</span>
                {device.errors !== null && device.errors > 0 && <span className={css.errors}>{t.gateways.deviceErrors(f.integer(device.errors))}</span>}
                <DeviceMark device={device} />
                <IconChevronRight size={16} aria-hidden />
              </button>
            </li>
          ))}
        </ul>
      )}
      {mayAsk && (
        <footer className={css.foot}>
          <Button variant="default" size="xs" leftSection={<IconRefresh size={15} />} disabled={!gateway.online} onClick={onRebirth}>
            {t.gateways.rebirth}
          </Button>
        </footer>
      )}
    </article>
  );
}
