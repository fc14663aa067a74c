import { SegmentedControl, Skeleton } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import type { Schemas } from "../../api/client";
import { type OeeAsked, oeeGroupsQuery } from "../../api/queries";
import { useFormat } from "../../format/useFormat";
import { useLanguage } from "../../i18n/LanguageProvider";
import { Card } from "../../parts/Card";
import { Loaded } from "../../parts/Loaded";
import { fullHour, midnight } from "./heat";
import { type OpenedPeriod, PeriodDrawer } from "./PeriodDrawer";
import { TrendChart } from "./TrendChart";

const DAY_MS = 86_400_000;
/** How far back a trend of shifts or days looks from the end of what is shown. */
const BACK_DAYS = { shift: 7, day: 30, week: 84 } as const;
const STEPS = ["hour", "shift", "day", "week"] as const;
type Step = (typeof STEPS)[number];

/** The trend by hour of the window that is shown, or by shift or day of the time before its end. */
export function TrendCard({ oee, asked }: { oee: Schemas["OeeOut"]; asked: OeeAsked }) {
  const { t } = useLanguage();
  const f = useFormat();
  const [step, setStep] = useState<Step>("hour");
  const [opened, setOpened] = useState<OpenedPeriod | null>(null);
  const open = ({ start, end }: Schemas["OeeTrendPoint"], name: string) => setOpened({ start, end, name });
  const back = step === "hour" ? null : { step, start: midnight(new Date(Date.parse(oee.end) - BACK_DAYS[step] * DAY_MS).toISOString(), f.timeZone, 0) };
  return (
    <Card title={t.oee.trends[step]} hint={f.span(back?.start ?? oee.start, oee.end)}>
      <SegmentedControl
        aria-label={t.oee.trendBy}
        size="xs"
        mb="xs"
        value={step}
        onChange={(next) => setStep(STEPS.find((known) => known === next) ?? "hour")}
        data={STEPS.map((value) => ({ value, label: t.oee.steps[value] }))}
      />
      {back === null ? (
        <TrendChart trend={oee.trend} label={t.oee.trends.hour} nameOf={(point) => f.time(point.start)} onOpen={open} />
      ) : (
        <GroupTrend asked={asked} step={back.step} start={back.start} end={oee.end} onOpen={open} />
      )}
      <PeriodDrawer asked={asked} opened={opened} onClose={() => setOpened(null)} />
    </Card>
  );
}

interface GroupTrendProps {
  asked: OeeAsked;
  step: "shift" | "day" | "week";
  start: string;
  end: string;
  onOpen: (point: Schemas["OeeTrendPoint"], name: string) => void;
}

function GroupTrend({ asked, step, start, end, onOpen }: GroupTrendProps) {
  const { t } = useLanguage();
  const f = useFormat();
  const subject = asked.policy === undefined ? { scope: asked.scope } : { scope: asked.scope, policy: asked.policy };
  const query = useQuery(oeeGroupsQuery({ ...subject, start, end: fullHour(end), by: step }));
  return (
    <Loaded query={query} skeleton={<Skeleton h={330} />}>
      {({ groups }) => {
        const names = new Map(groups.map((group) => [group.start, group.name === null ? f.day(group.start) : `${f.day(group.start)} ${f.name(group.name)}`]));
        return (
          <TrendChart
            label={t.oee.trends[step]}
            trend={groups.map((group) => ({ start: group.start, end: group.end, ...ratios(group.figure) }))}
            nameOf={(point) => names.get(point.start) ?? f.day(point.start)}
            onOpen={onOpen}
          />
        );
      }}
    </Loaded>
  );
}

function ratios({ availability, effectiveness, quality, oee, coverage }: Schemas["Figure"]) {
  return { availability, effectiveness, quality, oee, coverage };
}
