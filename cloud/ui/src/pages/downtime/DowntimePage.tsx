import { Group, Skeleton, Stack } from "@mantine/core";
import { useSuspenseQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { plantQuery } from "../../api/queries";
import { Empty } from "../../parts/Empty";
import { Loaded } from "../../parts/Loaded";
import { IconCalendarOff } from "@tabler/icons-react";
import { useLanguage } from "../../i18n/LanguageProvider";
import { lookup } from "../../i18n/lookup";
import { ScopeChoice } from "../oee/ScopeChoice";
import css from "./Downtime.module.css";
import { DowntimeHead } from "./DowntimeHead";
import { ShiftChoice } from "./ShiftChoice";
import { Stops } from "./Stops";
import { useShifts } from "./useShifts";

/** The stops of a machine or line in a shift, for the people who know why it stood. */
export function DowntimePage() {
  const { t } = useLanguage();
  const { data: plant } = useSuspenseQuery(plantQuery);
  const search = useSearch({ from: "/inside/downtime" });
  const navigate = useNavigate({ from: "/downtime" });
  const { query, shifts, now } = useShifts();
  const first = plant.areas[0]?.lines[0]?.machines[0]?.id;
  const scope = search.scope ?? (first === undefined ? "site" : `machine:${first}`);
  const chosen = search.start !== undefined && search.end !== undefined ? { start: search.start, end: search.end } : shifts[0];
  const isRunning = chosen !== undefined && Date.parse(chosen.end) > now;
  const isNewest = chosen?.start === shifts[0]?.start && chosen?.end === shifts[0]?.end;
  const kept = search.start === undefined ? { scope } : { scope, start: search.start, end: search.end };
  return (
    <>
      <DowntimeHead search={kept}>
        <Group gap="sm" mb="sm" className={css.choices}>
          <ScopeChoice size="md" scope={scope} onScope={(next) => void navigate({ search: ({ stop: _, ...now }) => ({ ...now, scope: next }) })} />
          {chosen !== undefined && (
            <ShiftChoice
              shifts={shifts}
              chosen={chosen}
              onChoose={({ start, end, isRunning: isNow }) => void navigate({ search: ({ stop: _, start: __, end: ___, ...now }) => (isNow ? now : { ...now, start, end }) })}
            />
          )}
        </Group>
      </DowntimeHead>
      <Loaded query={query} skeleton={<StopsSkeleton />}>
        {() =>
          chosen === undefined ? (
            <Empty icon={IconCalendarOff} title={lookup(t.failure.codes, "no_shift")} />
          ) : (
            <Stops key={scope} scope={scope} window={{ start: chosen.start, end: chosen.end }} isRunning={isRunning} isNewest={isNewest} />
          )
        }
      </Loaded>
    </>
  );
}

export function StopsSkeleton() {
  return (
    <Stack gap="md">
      <Skeleton h={120} radius={12} />
      {[0, 1, 2, 3].map((n) => <Skeleton key={n} h={76} radius={12} />)}
    </Stack>
  );
}
