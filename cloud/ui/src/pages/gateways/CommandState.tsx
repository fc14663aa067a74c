import { IconCircleCheck, IconCircleX, IconHelpCircle, IconHourglass } from "@tabler/icons-react";
import type { Schemas } from "../../api/client";
import { useLanguage } from "../../i18n/LanguageProvider";
import { lookup } from "../../i18n/lookup";
import mark from "../../parts/StateMark.module.css";

const LOOKS: Record<string, readonly [string, typeof IconCircleCheck]> = {
  pending: ["setup", IconHourglass],
  sent: ["setup", IconHourglass],
  done: ["running", IconCircleCheck],
  unknown: ["starved", IconHelpCircle],
  expired: ["starved", IconHourglass],
};

/** How a command stands; `isWhole` adds the gateway's own words. */
export function CommandState({ command, isWhole = false }: { command: Schemas["CommandOut"]; isWhole?: boolean }) {
  const { t } = useLanguage();
  const [colour, Shape] = LOOKS[command.state] ?? ["breakdown", IconCircleX];
  return (
    <span>
      <span className={`${mark.mark} ${isWhole ? "" : mark.small}`} style={{ color: `var(--${colour})`, background: `var(--${colour}-soft)` }}>
        <Shape size={isWhole ? 16 : 13} aria-hidden />
        {lookup(t.gateways.commandStates, command.state)}
      </span>
      {command.outcome !== "" && <span style={{ marginLeft: 8, fontSize: 12.5, color: "var(--ink-soft)", whiteSpace: "normal" }}>{command.outcome}</span>}
    </span>
  );
}
