import { IconBellRinging } from "@tabler/icons-react";
import type { Schemas } from "../../api/client";
import { useFormat } from "../../format/useFormat";
import { useLanguage } from "../../i18n/LanguageProvider";
import { lookup } from "../../i18n/lookup";
import { Coverage } from "../../parts/Coverage";
import { stateColours, stateIcon } from "../../parts/states";
import css from "./Andon.module.css";
import { Count } from "./Count";
import { Figures } from "./Figures";
import { Order } from "./Order";
import { shownState, whyStopped } from "./slides";
import { Span } from "./Span";

/** A line: what came off it, its OEE, its order, and machines as blocks in the colour of their state. */
export function LineSlide({ line, machines, pause }: { line: Schemas["AndonLine"]; machines: Schemas["AndonMachine"][]; pause: string }) {
  const { t } = useLanguage();
  const f = useFormat();
  const running = [...line.machines].reverse().find(({ tile }) => tile.running !== null)?.tile.running ?? null;
  return (
    <div className={css.line}>
      <Count good={line.good} rejected={line.rejected} target={line.target} />
      <Figures figure={line} target={line.oee_target} isShort />
      <Order running={running} />
      <ol className={css.blocks} style={{ "--columns": Math.max(1, machines.length) } as React.CSSProperties} aria-label={t.live.machineFlow(f.name(line.name))}>
        {machines.map((machine) => <Block key={machine.tile.machine} machine={machine} pause={pause} />)}
      </ol>
    </div>
  );
}

function Block({ machine: { tile, stop }, pause }: { machine: Schemas["AndonMachine"]; pause: string }) {
  const { t } = useLanguage();
  const f = useFormat();
  const state = shownState(tile);
  const Shape = stateIcon(state);
  return (
    <li className={css.block} data-state={state} style={{ background: stateColours(state).fill }}>
      <p className={css.blockName}>
        {f.name(tile.name)}
        {tile.alarm !== null && <IconBellRinging className={css.bell} aria-label={t.andon.alarm} />}
      </p>
      <p className={css.blockState}><Shape aria-hidden />{lookup(t.states, state)}</p>
      <p className={css.blockSpan}><Span since={tile.fresh ? (stop?.start ?? tile.state_since) : tile.observed_through} /></p>
      <p className={css.blockReason}>{stop !== null && whyStopped(stop, f, t, tile.planned_stop_until === null ? pause : t.live.plannedStop)}</p>
      <p className={css.blockCoverage}><Coverage of={tile} isAlike isShort /></p>
      <p className={`${css.blockFigures} tabular`}><span>OEE {f.wholePercent(tile.oee)}</span><span>{f.integer(tile.shift_good)}</span></p>
    </li>
  );
}
