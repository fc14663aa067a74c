import type { Schemas } from "../../api/client";
import { useFormat } from "../../format/useFormat";
import { useLanguage } from "../../i18n/LanguageProvider";
import css from "./GatewaysPage.module.css";

const sum = (values: (number | null)[]) => values.reduce<number>((total, value) => total + (value ?? 0), 0);

/** The fleet in five figures. */
export function FleetSummary({ fleet }: { fleet: Schemas["FleetGateway"][] }) {
  const { t } = useLanguage();
  const f = useFormat();
  const names = t.gateways.summary;
  const online = fleet.filter((gateway) => gateway.online).length;
  const devices = fleet.flatMap((gateway) => gateway.devices);
  const alive = devices.filter((device) => device.online).length;
  const waiting = sum(fleet.map(({ spool }) => spool?.waiting_batches ?? 0));
  const of = (part: number, whole: number) => t.gateways.of(f.integer(part), f.integer(whole));
  const errors = sum(fleet.map((gateway) => gateway.errors));
  const badInput = sum(fleet.map((gateway) => gateway.bad_input));
  const facts = [
    [names.gateways, of(online, fleet.length), online < fleet.length ? css.bad : ""],
    [names.devices, of(alive, devices.length), alive < devices.length ? css.bad : ""],
    [names.waiting, f.integer(waiting), ""],
    [names.errors, f.integer(errors), errors > 0 ? css.warn : ""],
    [names.badInput, f.integer(badInput), badInput > 0 ? css.warn : ""],
  ] as const;
  return (
    <dl className={`${css.summary} tabular`} aria-label={t.gateways.fleet}>
      {facts.map(([name, value, look]) => (
        <div key={name}><dt>{name}</dt><dd className={look}>{value}</dd></div>
      ))}
    </dl>
  );
}
