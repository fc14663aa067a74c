import {
  type Icon,
  IconAlertOctagonFilled,
  IconEyeOff,
  IconHourglassEmpty,
  IconMoon,
  IconPlayerPauseFilled,
  IconPlayerPlayFilled,
  IconPuzzle,
  IconQuestionMark,
  IconRoadOff,
  IconTool,
} from "@tabler/icons-react";

/** States in the order in which legends list them. */
export const STATES = [
  "running",
  "setup",
  "starved",
  "blocked",
  "jammed",
  "breakdown",
  "planned_stop",
  "idle",
  "unobserved",
] as const;

const ICONS: Record<string, Icon> = {
  running: IconPlayerPlayFilled,
  setup: IconTool,
  starved: IconHourglassEmpty,
  blocked: IconRoadOff,
  jammed: IconPuzzle,
  breakdown: IconAlertOctagonFilled,
  planned_stop: IconPlayerPauseFilled,
  idle: IconMoon,
  unobserved: IconEyeOff,
};

/** The icon of a state; a state this version does not know gets a question mark. */
export function stateIcon(state: string): Icon {
  return ICONS[state] ?? IconQuestionMark;
}

/** The colours of a state as CSS: for text, for filled areas, for soft grounds. */
export function stateColours(state: string): { ink: string; fill: string; soft: string } {
  const known = (STATES as readonly string[]).includes(state) ? state : "idle";
  return { ink: `var(--${known})`, fill: `var(--${known}-fill)`, soft: `var(--${known}-soft)` };
}

/** The state colour in which each loss category is drawn. */
export const LOSS_COLOURS: Record<string, string> = {
  planned_downtime: "idle",
  breakdown: "breakdown",
  setup: "setup",
  waiting: "starved",
  minor_stops: "jammed",
  reduced_speed: "blocked",
  startup_rejects: "planned_stop",
  production_rejects: "planned_stop",
  rework: "planned_stop",
  unobserved: "unobserved",
  production: "running",
};
