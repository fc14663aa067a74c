import { Group, Skeleton, Stack, Text } from "@mantine/core";
import { IconChartLine, IconClockStop } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import type { Schemas } from "../../api/client";
import { bindingsQuery, explainQuery } from "../../api/queries";
import { MOST_SIGNALS } from "../../app/search";
import { NOTHING } from "../../format/formats";
import { useFormat } from "../../format/useFormat";
import { useLanguage } from "../../i18n/LanguageProvider";
import { lookup } from "../../i18n/lookup";
import { LinkButton } from "../../parts/LinkButton";
import { Loaded } from "../../parts/Loaded";
import { PagedTable } from "../../parts/PagedTable";
import { StateMark } from "../../parts/StateMark";
import { useReasonName } from "../../parts/useReasonName";
import { ReadingOrigin } from "./ReadingOrigin";

const STOPS = ["breakdown", "setup", "waiting", "minor_stops"];
/** What facts say of a machine that has no reason to report. */
const NO_REASON = "none";
const LEAST_MARGIN_MS = 60_000;

/** One segment: the readings it was made of, and the ways to its signals and to the stop. */
export function SegmentDetail({ machine, segment }: { machine: string; segment: Schemas["StateSegment"] }) {
  const { t } = useLanguage();
  const f = useFormat();
  const { start, end, state, category, planned, stop_s: stopS } = segment;
  const query = useQuery(explainQuery(machine, start, end));
  const bindings = useQuery(bindingsQuery).data ?? [];
  const tags = bindings.filter((each) => each.machine === machine && !each.retired).map(({ tag }) => tag).slice(0, MOST_SIGNALS);
  const margin = Math.max(LEAST_MARGIN_MS, (Date.parse(end) - Date.parse(start)) / 4);
  const around = { start: new Date(Date.parse(start) - margin).toISOString(), end: new Date(Date.parse(end) + margin).toISOString() };
  return (
    <Stack gap="md">
      <Group gap="sm">
        <StateMark state={state} />
        <Text fw={650} className="tabular">{f.duration((Date.parse(end) - Date.parse(start)) / 1000)}</Text>
        <Text c="var(--ink-soft)" className="tabular">{f.spanWithSeconds(start, end)}</Text>
      </Group>
      <Text fz="sm">
        {t.oee.segment.counts(lookup(t.losses, category))}
        {!planned && category !== "unplanned" && ` · ${t.oee.unplannedShort}`}
        {stopS !== null && ` · ${t.oee.segment.whole(f.duration(stopS))}`}
      </Text>
      <Group gap="sm">
        <LinkButton to="/history" search={{ tags, ...around }} disabled={tags.length === 0} leftSection={<IconChartLine size={17} />}>{t.oee.segment.signals}</LinkButton>
        {STOPS.includes(category) && (
          <LinkButton to="/downtime" search={{ scope: `machine:${machine}`, ...around }} variant="default" leftSection={<IconClockStop size={17} />}>{t.report.openDowntime}</LinkButton>
        )}
      </Group>
      <Loaded query={query} skeleton={<Skeleton h={260} />}>
        {(found) => <Readings found={found} />}
      </Loaded>
    </Stack>
  );
}

function Readings({ found }: { found: Schemas["OeeExplained"] }) {
  const { t } = useLanguage();
  const f = useFormat();
  const reasonName = useReasonName();
  const said = ({ kind, value, text }: Schemas["RawEvent"]) => (text === null ? (value ?? NOTHING) : kind === "reason" ? (text === NO_REASON ? NOTHING : reasonName(text)) : lookup(t.states, text));
  const events = [...found.events].sort((a, b) => a.at.localeCompare(b.at));
  return (
    <>
      <Text fz="sm" c="var(--ink-soft)">
        {t.figures.coverage} {f.percent(found.figure.coverage)}
        {found.shifts.map((kept) => ` · ${f.dayTime(kept.start)} – ${kept.changed === null || kept.why === null ? t.oee.segment.now : t.oee.changed(f.dayTime(kept.changed), lookup(t.oee.reasons, kept.why))}`)}
      </Text>
      {events.length === 0 ? (
        <Text c="var(--ink-soft)">{t.oee.segment.none}</Text>
      ) : (
        <PagedTable
          label={t.oee.segment.readings}
          rows={events}
          rowKey={({ stream, position, ord, kind }) => `${kind} ${stream} ${position} ${ord}`}
          columns={[
            { name: t.oee.segment.at, cell: ({ at }) => f.dayTimeWithSeconds(at) },
            { name: t.oee.segment.kind, cell: ({ kind }) => lookup(t.signals.roles, kind) },
            { name: t.oee.segment.value, isRight: true, cell: said },
            { name: t.oee.segment.identity, cell: (event) => <ReadingOrigin event={event} /> },
          ]}
        />
      )}
      {found.events_left_out > 0 && <Text fz="sm" c="var(--ink-soft)">{t.oee.segment.leftOut(f.integer(found.events_left_out))}</Text>}
    </>
  );
}
