import { Skeleton } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { statesQuery } from "../../api/downtime";
import { useFormat } from "../../format/useFormat";
import { useLanguage } from "../../i18n/LanguageProvider";
import { lookup } from "../../i18n/lookup";
import { Loaded } from "../../parts/Loaded";
import { STATES, stateColours } from "../../parts/states";
import { useMachineName } from "../../parts/useMachineName";
import { useStopWhy } from "../../parts/useStopWhy";
import css from "./ShiftPicture.module.css";
import { isBare, type Stop, stopKey } from "./reasonTree";

interface ShiftPictureProps {
  machines: string[];
  window: { start: string; end: string };
  isRunning: boolean;
  stops: Stop[];
  opened: string | undefined;
  onOpen: (stop: string) => void;
}

/** What each machine did over the shift; below its states a mark for each stop, hatched while it has no reason. */
export function ShiftPicture({ machines, window, isRunning, stops, opened, onOpen }: ShiftPictureProps) {
  const { t } = useLanguage();
  const f = useFormat();
  const machineName = useMachineName();
  const [from, to] = [Date.parse(window.start), Date.parse(window.end)];
  const ticks = ticksOf(from, to);
  return (
    <section className={css.card} aria-label={t.oee.timeline}>
      {machines.map((machine) => (
        <div key={machine} className={css.lane}>
          {machines.length > 1 && <span className={css.name}>{machineName(machine)}</span>}
          <div className={css.track}>
            <Strip machine={machine} window={window} isRunning={isRunning} />
            <Marks from={from} to={to} stops={stops.filter((stop) => stop.machine === machine)} opened={opened} onOpen={onOpen} />
          </div>
        </div>
      ))}
      <div className={css.lane}>
        {machines.length > 1 && <span className={css.name} />}
        <div className={`${css.ends} tabular`} aria-hidden>
          {ticks.map((at) => (
            <span key={at} style={{ left: `${((at - from) / (to - from)) * 100}%` }}>{f.time(at)}</span>
          ))}
        </div>
      </div>
      <ul className={css.legend}>
        {STATES.filter((state) => state !== "unobserved").map((state) => (
          <li key={state}><i style={{ background: stateColours(state).fill }} aria-hidden />{lookup(t.states, state)}</li>
        ))}
        <li><i className={css.bare} aria-hidden />{t.downtime.unexplained}</li>
      </ul>
    </section>
  );
}

function Strip({ machine, window, isRunning }: { machine: string; window: { start: string; end: string }; isRunning: boolean }) {
  const { t } = useLanguage();
  const machineName = useMachineName();
  const query = useQuery(statesQuery(machine, window.start, window.end, isRunning));
  const [from, to] = [Date.parse(window.start), Date.parse(window.end)];
  return (
    <Loaded query={query} skeleton={<Skeleton h={34} radius={6} />}>
      {(oee) => (
        <div className={css.strip} role="img" aria-label={t.downtime.picture(machineName(machine))}>
          {(oee.machines[0]?.states ?? []).map(({ state, start, end, planned }) => (
            <span
              key={start}
              style={{
                left: `${((Date.parse(start) - from) / (to - from)) * 100}%`,
                width: `${((Date.parse(end) - Date.parse(start)) / (to - from)) * 100}%`,
                background: stateColours(state).fill,
                opacity: planned ? undefined : 0.35,
              }}
            />
          ))}
          {isRunning && <em style={{ left: `${((Date.parse(oee.end) - from) / (to - from)) * 100}%` }} />}
        </div>
      )}
    </Loaded>
  );
}

interface MarksProps {
  from: number;
  to: number;
  stops: Stop[];
  opened: string | undefined;
  onOpen: (stop: string) => void;
}

function Marks({ from, to, stops, opened, onOpen }: MarksProps) {
  const { t } = useLanguage();
  const f = useFormat();
  const whyOf = useStopWhy();
  return (
    <div className={css.marks}>
      {stops.map((stop) => {
        const [start, end] = [Math.max(Date.parse(stop.start), from), Math.min(Date.parse(stop.end), to)];
        return (
          <button
            key={stopKey(stop)}
            type="button"
            tabIndex={-1}
            className={`${isBare(stop) ? css.bare : css.given} ${opened === stopKey(stop) ? css.opened : ""}`}
            title={t.downtime.openStop(f.time(stop.start), whyOf(stop))}
            style={{ left: `${((start - from) / (to - from)) * 100}%`, width: `${((end - start) / (to - from)) * 100}%` }}
            onClick={() => onOpen(stopKey(stop))}
          />
        );
      })}
    </div>
  );
}

const HOUR_MS = 3_600_000;

/** Whole hours at which the axis is labelled, five at most. */
function ticksOf(from: number, to: number): number[] {
  const step = Math.max(1, Math.ceil((to - from) / HOUR_MS / 5)) * HOUR_MS;
  const ticks: number[] = [];
  for (let at = Math.ceil(from / HOUR_MS) * HOUR_MS; at < to - step / 3; at += step) ticks.push(at);
  return ticks;
}
