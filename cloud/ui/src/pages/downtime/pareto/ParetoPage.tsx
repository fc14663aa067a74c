import { Button, Group, SegmentedControl, Skeleton, Stack } from "@mantine/core";
import { IconCalendarOff, IconFilterOff } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { paretoQuery } from "../../../api/downtime";
import { PARETO_BY, PARETO_DAYS, PARETO_MEASURES, type ParetoSearch } from "../../../app/search";
import { useFormat } from "../../../format/useFormat";
import { useLanguage } from "../../../i18n/LanguageProvider";
import { lookup } from "../../../i18n/lookup";
import { Empty } from "../../../parts/Empty";
import { Loaded } from "../../../parts/Loaded";
import { ScopeChoice } from "../../oee/ScopeChoice";
import css from "../Downtime.module.css";
import { DowntimeHead } from "../DowntimeHead";
import { useShifts } from "../useShifts";
import { ParetoContent } from "./ParetoContent";

const HOUR_MS = 3_600_000;

/** Where the time went, greatest first; each bar leads to its stops. */
export function ParetoPage() {
  const { t } = useLanguage();
  const f = useFormat();
  const search = useSearch({ from: "/inside/downtime/pareto" });
  const navigate = useNavigate({ from: "/downtime/pareto" });
  const { query: shifts, shifts: begun, now } = useShifts();
  const { scope = "site", by = "reason", measure = "minutes" } = search;
  const window = windowOf(search, begun[0], now);
  const asked = { scope, by, measure, start: window?.start ?? "", end: window?.end ?? "" };
  const query = useQuery({ ...paretoQuery(asked, Date.parse(asked.end) > now), enabled: window !== null });
  const put = (part: Partial<ParetoSearch>) => void navigate({ search: (now) => ({ ...now, ...part }) });
  const choosePeriod = (value: string) => {
    const days = PARETO_DAYS.find((known) => String(known) === value);
    void navigate({ search: ({ start: _, end: __, days: ___, ...now }) => (days === undefined ? now : { ...now, days }) });
  };
  const period = search.start !== undefined ? "custom" : search.days === undefined ? "shift" : String(search.days);
  return (
    <>
      <DowntimeHead search={search.start === undefined || search.end === undefined ? { scope } : { scope, start: search.start, end: search.end }}>
        <Group gap="sm" mb="md" className={css.choices}>
          <ScopeChoice scope={scope} onScope={(next) => put({ scope: next })} />
          <SegmentedControl
            aria-label={t.oee.period}
            className={css.wide}
            value={period}
            onChange={choosePeriod}
            data={[{ value: "shift", label: t.pareto.shift }, ...PARETO_DAYS.map((days) => ({ value: String(days), label: t.pareto.days(days) }))]}
          />
          <SegmentedControl aria-label={t.pareto.by} className={css.wide} value={by} onChange={(next) => put({ by: PARETO_BY.find((known) => known === next) ?? "reason" })} data={PARETO_BY.map((value) => ({ value, label: t.pareto.bys[value] }))} />
          <SegmentedControl aria-label={t.pareto.measure} className={css.wide} value={measure} onChange={(next) => put({ measure: PARETO_MEASURES.find((known) => known === next) ?? "minutes" })} data={PARETO_MEASURES.map((value) => ({ value, label: t.pareto.measures[value] }))} />
          {search.start !== undefined && search.end !== undefined && (
            <Button variant="light" leftSection={<IconFilterOff size={16} />} onClick={() => choosePeriod("shift")}>
              {t.downtime.otherWindow(f.dayTime(search.start), f.dayTime(search.end))}
            </Button>
          )}
        </Group>
      </DowntimeHead>
      {window === null ? (
        <Loaded query={shifts} skeleton={<ParetoSkeleton />}>
          {() => <Empty icon={IconCalendarOff} title={lookup(t.failure.codes, "no_shift")} />}
        </Loaded>
      ) : (
        <Loaded query={query} skeleton={<ParetoSkeleton />}>
          {(pareto) => <ParetoContent pareto={pareto} scope={scope} by={by} measure={measure} isOld={query.isPlaceholderData} />}
        </Loaded>
      )}
    </>
  );
}

function ParetoSkeleton() {
  return (
    <Stack gap="md">
      <Skeleton h={90} radius={12} />
      <Skeleton h={380} radius={12} />
      <Skeleton h={240} radius={12} />
    </Stack>
  );
}

/** Days count back from the last full hour, so that an answer can be shown again while the plant goes on. */
function windowOf(search: ParetoSearch, shift: { start: string; end: string } | undefined, now: number): { start: string; end: string } | null {
  if (search.start !== undefined && search.end !== undefined) return { start: search.start, end: search.end };
  if (search.days === undefined) return shift === undefined ? null : { start: shift.start, end: shift.end };
  const end = Math.floor(now / HOUR_MS) * HOUR_MS;
  return { start: new Date(end - search.days * 24 * HOUR_MS).toISOString(), end: new Date(end).toISOString() };
}
