import { Skeleton, Text } from "@mantine/core";
import { useQueries, useSuspenseQuery } from "@tanstack/react-query";
import { useCallback, useMemo, useState } from "react";
import type { Schemas } from "../../api/client";
import { type OeeAsked, plantQuery, segmentsQuery } from "../../api/queries";
import { LazyChart } from "../../chart/LazyChart";
import { usePaint } from "../../chart/usePaint";
import { useFormat } from "../../format/useFormat";
import { useLanguage } from "../../i18n/LanguageProvider";
import { Failure } from "../../parts/Failure";
import { StateMark } from "../../parts/StateMark";
import { STATES } from "../../parts/states";
import { useIsPhone } from "../../parts/useIsPhone";
import css from "./StateTimeline.module.css";
import { type OpenedSegment, SegmentDrawer } from "./SegmentDrawer";
import { LANE_HEIGHT, segmentAt, timelineOption } from "./timelineOption";

/** What each machine of the scope did over the period. */
export function StateTimeline({ oee, asked }: { oee: Schemas["OeeOut"]; asked: OeeAsked }) {
  const { t, language } = useLanguage();
  const f = useFormat();
  const paint = usePaint();
  const isDesk = !useIsPhone();
  const { data: plant } = useSuspenseQuery(plantQuery);
  const { scope: _, ...window } = asked;
  const isOne = oee.machines.length === 1;
  const found = useQueries({
    queries: isOne ? [] : oee.machines.map(({ machine }) => segmentsQuery(machine, window)),
    combine: (answers) => ({
      machines: answers.map(({ data }) => data?.machines[0]),
      // A running shift may have ended between the answers: the picture has the time of what it shows.
      start: answers.flatMap(({ data }) => data?.start ?? []).sort()[0],
      end: answers.flatMap(({ data }) => data?.end ?? []).sort().at(-1),
      error: answers.find(({ error, data }) => error !== null && data === undefined)?.error ?? null,
      isPending: answers.some(({ data }) => data === undefined),
      retry: () => answers.forEach(({ refetch }) => void refetch()),
    }),
  });
  const machines = isOne ? oee.machines : found.machines;
  const lanes = useMemo(() => {
    const names = new Map(plant.areas.flatMap((area) => area.lines.flatMap((line) => line.machines.map(({ id, name }) => [id, name[language]]))));
    return machines.flatMap((each) =>
      each === undefined ? [] : [{ machine: each.machine, name: names.get(each.machine) ?? each.machine, segments: each.states }],
    );
  }, [machines, plant, language]);
  const [start, end] = isOne ? [oee.start, oee.end] : [found.start ?? oee.start, found.end ?? oee.end];
  const option = useMemo(() => timelineOption(lanes, { start, end }, paint, f, t, isDesk ? 190 : 108), [lanes, start, end, paint, f, t, isDesk]);
  const [opened, setOpened] = useState<OpenedSegment | null>(null);
  const pick = useCallback((place: number) => setOpened(segmentAt(lanes, place)), [lanes]);
  const close = useCallback(() => setOpened(null), []);
  const height = oee.machines.length * LANE_HEIGHT + 54;
  if (!isOne && found.error !== null) return <Failure error={found.error} onRetry={found.retry} />;
  if (!isOne && found.isPending) return <Skeleton h={height} />;
  const seen = new Set(lanes.flatMap(({ segments }) => segments.map(({ state }) => state)));
  if (seen.size === 0) return <Text c="var(--ink-soft)">{t.oee.noSegments}</Text>;
  return (
    <>
      <ul className={css.legend}>
        {STATES.filter((state) => seen.has(state)).map((state) => (
          <li key={state}><StateMark state={state} isSmall /></li>
        ))}
      </ul>
      <LazyChart label={t.oee.timeline} option={option} height={height} onPick={pick} />
      <SegmentDrawer opened={opened} onClose={close} />
    </>
  );
}
