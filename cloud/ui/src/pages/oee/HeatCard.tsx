import { SegmentedControl, Skeleton } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import type { Schemas } from "../../api/client";
import { type OeeAsked, oeeGroupsQuery } from "../../api/queries";
import { useFormat } from "../../format/useFormat";
import { useLanguage } from "../../i18n/LanguageProvider";
import { Card } from "../../parts/Card";
import { Loaded } from "../../parts/Loaded";
import { dayStart, fullHour, weekStart } from "./heat";
import { HeatMap } from "./HeatMap";

/** Hours of closed days are reckoned from facts, which is dear; late data show after this time at the latest. */
const CLOSED_MS = 15 * 60_000;

/** OEE of seven days by shift or hour, up to the end of what is shown. */
export function HeatCard({ oee, asked }: { oee: Schemas["OeeOut"]; asked: OeeAsked }) {
  const { t } = useLanguage();
  const [step, setStep] = useState<"hour" | "shift">("shift");
  const subject = asked.policy === undefined ? { scope: asked.scope } : { scope: asked.scope, policy: asked.policy };
  const end = fullHour(oee.end);
  return (
    <Card title={t.oee.heat.title} hint={t.oee.heat.hint}>
      <SegmentedControl
        aria-label={t.oee.heat.by}
        size="xs"
        mb="xs"
        value={step}
        onChange={(next) => setStep(next === "hour" ? "hour" : "shift")}
        data={(["shift", "hour"] as const).map((value) => ({ value, label: t.oee.heat.steps[value] }))}
      />
      {step === "shift" ? <ShiftHeat subject={subject} end={end} /> : <HourHeat subject={subject} end={end} />}
    </Card>
  );
}

interface HeatProps {
  subject: Pick<OeeAsked, "scope" | "policy">;
  end: string;
}

/** Finished shifts are kept by the cloud, so the whole week is one cheap question. */
function ShiftHeat({ subject, end }: HeatProps) {
  const { timeZone } = useFormat();
  const query = useQuery(oeeGroupsQuery({ ...subject, start: weekStart(end, timeZone), end, by: "shift" }));
  return (
    <Loaded query={query} skeleton={<Skeleton h={330} />}>
      {({ groups }) => <HeatMap groups={groups} step="shift" subject={subject} />}
    </Loaded>
  );
}

/** Closed days are asked for once, the last day again while it goes on. */
function HourHeat({ subject, end }: HeatProps) {
  const { timeZone } = useFormat();
  const midnight = dayStart(end, timeZone);
  const closed = useQuery({ ...oeeGroupsQuery({ ...subject, start: weekStart(end, timeZone), end: midnight, by: "hour" }), staleTime: CLOSED_MS, gcTime: CLOSED_MS });
  const running = useQuery(oeeGroupsQuery({ ...subject, start: midnight, end, by: "hour" }));
  return (
    <Loaded query={closed} skeleton={<Skeleton h={330} />}>
      {(before) => (
        <Loaded query={running} skeleton={<Skeleton h={330} />}>
          {(today) => <HeatMap groups={[...before.groups, ...today.groups]} step="hour" subject={subject} />}
        </Loaded>
      )}
    </Loaded>
  );
}
