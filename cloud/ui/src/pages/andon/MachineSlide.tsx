import { IconBellRinging } from "@tabler/icons-react";
import type { Schemas } from "../../api/client";
import { useFormat } from "../../format/useFormat";
import { useLanguage } from "../../i18n/LanguageProvider";
import { lookup } from "../../i18n/lookup";
import { stateColours, stateIcon } from "../../parts/states";
import css from "./Andon.module.css";
import { Count } from "./Count";
import { Figures } from "./Figures";
import { Order } from "./Order";
import { shownState, whyStopped } from "./slides";
import { Span } from "./Span";

/** One machine as large as a screen: its state and why it stands, count, OEE, order, alarm. */
export function MachineSlide({ machine, pause }: { machine: Schemas["AndonMachine"]; pause: string }) {
  const { tile, target } = machine;
  return (
    <div className={css.machine}>
      <StatePanel machine={machine} pause={pause} />
      <Count good={tile.shift_good} rejected={tile.shift_rejected} target={target} />
      <Figures figure={tile} />
      <Order running={tile.running} />
      {tile.alarm !== null && <Alarm alarm={tile.alarm} />}
    </div>
  );
}

function StatePanel({ machine: { tile, stop }, pause }: { machine: Schemas["AndonMachine"]; pause: string }) {
  const { t } = useLanguage();
  const f = useFormat();
  const state = shownState(tile);
  const Shape = stateIcon(state);
  return (
    <section className={css.state} data-state={state} style={{ background: stateColours(state).fill }} aria-label={t.andon.state}>
      <p className={css.word}><Shape aria-hidden />{lookup(t.states, state)}</p>
      <p className={css.span}><Span since={tile.fresh ? (stop?.start ?? tile.state_since) : tile.observed_through} /></p>
      {stop !== null && <p className={css.reason}>{whyStopped(stop, f, t, tile.planned_stop_until === null ? pause : t.live.plannedStop)}</p>}
    </section>
  );
}

function Alarm({ alarm }: { alarm: Schemas["TileAlarm"] }) {
  const { t } = useLanguage();
  return (
    <section className={css.alarm} data-severity={alarm.severity} aria-label={t.andon.alarm}>
      <IconBellRinging aria-hidden />
      {lookup(t.alarms.kinds, alarm.kind)} · {lookup(t.alarms.severities, alarm.severity)}
      <small>{lookup(t.alarms.states, alarm.state)}</small>
    </section>
  );
}
