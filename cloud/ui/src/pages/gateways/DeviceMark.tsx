import { IconCircleCheck, IconCircleX, IconLoader2 } from "@tabler/icons-react";
import type { Schemas } from "../../api/client";
import { useLanguage } from "../../i18n/LanguageProvider";
import { lookup } from "../../i18n/lookup";
import mark from "../../parts/StateMark.module.css";

const LOOKS: Record<string, readonly [string, typeof IconCircleCheck]> = {
  up: ["running", IconCircleCheck],
  online: ["running", IconCircleCheck],
  starting: ["setup", IconLoader2],
};

/** Whether a device answers: in the gateway's own word where it tells, else by its births and deaths. */
export function DeviceMark({ device }: { device: Schemas["DeviceOut"] }) {
  const { t } = useLanguage();
  const state = !device.online && (device.state === null || device.state === "up") ? "offline" : (device.state ?? "online");
  const [colour, Shape] = LOOKS[state] ?? ["breakdown", IconCircleX];
  return (
    <span className={`${mark.mark} ${mark.small}`} style={{ color: `var(--${colour})`, background: `var(--${colour}-soft)` }}>
      <Shape size={13} aria-hidden />
      {lookup(t.gateways.deviceStates, state)}
    </span>
  );
}
