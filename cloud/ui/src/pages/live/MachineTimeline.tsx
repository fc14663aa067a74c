import { Skeleton, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import type { Schemas } from "../../api/client";
import { segmentsQuery } from "../../api/queries";
import { useFormat } from "../../format/useFormat";
import { useLanguage } from "../../i18n/LanguageProvider";
import { lookup } from "../../i18n/lookup";
import { Loaded } from "../../parts/Loaded";
import { STATES, stateColours } from "../../parts/states";
import css from "./MachineTimeline.module.css";

/** The states of one machine in the running shift as one strip. */
export function MachineTimeline({ machine }: { machine: string }) {
  const query = useQuery(segmentsQuery(machine, { period: "shift" }));
  return (
    <Loaded query={query} skeleton={<Skeleton h={34} radius={7} />}>
      {(oee) => <Strip oee={oee} />}
    </Loaded>
  );
}

function Strip({ oee }: { oee: Schemas["OeeOut"] }) {
  const { t } = useLanguage();
  const f = useFormat();
  const segments = oee.machines[0]?.states ?? [];
  if (segments.length === 0) return <Text fz="sm" c="var(--ink-soft)">{t.oee.noSegments}</Text>;
  const from = Date.parse(oee.start);
  const span = Date.parse(oee.end) - from;
  const seconds = new Map<string, number>();
  for (const { state, start, end } of segments) {
    seconds.set(state, (seconds.get(state) ?? 0) + (Date.parse(end) - Date.parse(start)) / 1000);
  }
  return (
    <>
      <div className={css.strip} aria-hidden>
        {segments.map(({ state, start, end }) => (
          <span
            key={start}
            title={`${lookup(t.states, state)} ${f.timeWithSeconds(start)} – ${f.timeWithSeconds(end)}`}
            style={{
              left: `${((Date.parse(start) - from) / span) * 100}%`,
              width: `${((Date.parse(end) - Date.parse(start)) / span) * 100}%`,
              background: stateColours(state).fill,
            }}
          />
        ))}
      </div>
      <div className={`${css.ends} tabular`}>
        <span>{f.time(oee.start)}</span>
        <span>{f.time(oee.end)}</span>
      </div>
      <ul className={`${css.legend} tabular`}>
        {STATES.filter((state) => seconds.has(state)).map((state) => (
          <li key={state}>
            <i style={{ background: stateColours(state).fill }} aria-hidden />
            {lookup(t.states, state)} <b>{f.machineTime(seconds.get(state) ?? 0)}</b>
          </li>
        ))}
      </ul>
    </>
  );
}
