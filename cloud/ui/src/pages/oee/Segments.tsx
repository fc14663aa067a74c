import { Group, Skeleton, Switch, Tabs } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import type { Schemas } from "../../api/client";
import { type OeeAsked, segmentsQuery } from "../../api/queries";
import { useFormat } from "../../format/useFormat";
import { useLanguage } from "../../i18n/LanguageProvider";
import { Loaded } from "../../parts/Loaded";
import { JobTable } from "./JobTable";
import { firstTab, type Opened, relevantCategories } from "./opened";
import { StateTable } from "./StateTable";

interface SegmentsProps {
  machine: string;
  asked: OeeAsked;
  oee: Schemas["OeeOut"];
  opened: Opened;
}

/** The state and job segments of one machine behind a figure. */
export function Segments({ machine, asked, opened }: SegmentsProps) {
  const { scope: _, ...window } = asked;
  const query = useQuery(segmentsQuery(machine, window));
  return (
    <Loaded query={query} skeleton={<Skeleton h={260} />}>
      {({ machines: [one] }) => one !== undefined && <Tables one={one} opened={opened} />}
    </Loaded>
  );
}

function Tables({ one, opened }: { one: Schemas["MachineOee"]; opened: Opened }) {
  const { t } = useLanguage();
  const f = useFormat();
  const wanted = relevantCategories(opened);
  const [isNarrow, setIsNarrow] = useState(wanted !== null);
  const states = isNarrow && wanted !== null ? one.states.filter(({ category }) => wanted.includes(category)) : one.states;
  return (
    <Tabs defaultValue={firstTab(opened)} keepMounted={false}>
      <Tabs.List>
        <Tabs.Tab value="states">{t.oee.states} ({f.integer(states.length)})</Tabs.Tab>
        <Tabs.Tab value="jobs">{t.oee.jobs} ({f.integer(one.jobs.length)})</Tabs.Tab>
      </Tabs.List>
      <Tabs.Panel value="states" pt="sm">
        {wanted !== null && (
          <Group mb="xs">
            <Switch label={t.oee.onlyRelevant} checked={isNarrow} onChange={(event) => setIsNarrow(event.currentTarget.checked)} size="sm" />
          </Group>
        )}
        <StateTable states={states} />
      </Tabs.Panel>
      <Tabs.Panel value="jobs" pt="sm">
        <JobTable jobs={one.jobs} />
      </Tabs.Panel>
    </Tabs>
  );
}
