import { Button, Group, Skeleton, Stack, Switch, Tabs } from "@mantine/core";
import { IconChevronLeft } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import type { Schemas } from "../../api/client";
import { type OeeAsked, segmentsQuery } from "../../api/queries";
import { useFormat } from "../../format/useFormat";
import { useLanguage } from "../../i18n/LanguageProvider";
import { Loaded } from "../../parts/Loaded";
import { JobTable } from "./JobTable";
import { firstTab, type Opened, relevantCategories } from "./opened";
import { SegmentDetail } from "./SegmentDetail";
import { StateTable } from "./StateTable";

interface SegmentsProps {
  machine: string;
  asked: OeeAsked;
  opened: Opened;
}

/** The state and job segments of one machine behind a figure; a state opens to its readings in their place. */
export function Segments({ machine, asked, opened }: SegmentsProps) {
  const { scope: _, ...window } = asked;
  const query = useQuery(segmentsQuery(machine, window));
  const [segment, setSegment] = useState<Schemas["StateSegment"] | null>(null);
  const [tab, setTab] = useState<string | null>(firstTab(opened));
  const { t } = useLanguage();
  if (segment !== null) {
    return (
      <Stack gap="md">
        <Group>
          <Button autoFocus variant="default" size="sm" leftSection={<IconChevronLeft size={16} />} onClick={() => setSegment(null)}>{t.oee.backToSegments}</Button>
        </Group>
        <SegmentDetail machine={machine} segment={segment} />
      </Stack>
    );
  }
  return (
    <Loaded query={query} skeleton={<Skeleton h={260} />}>
      {({ machines: [one] }) => one !== undefined && <Tables one={one} opened={opened} tab={tab} onTab={setTab} onOpen={setSegment} />}
    </Loaded>
  );
}

interface TablesProps {
  one: Schemas["MachineOee"];
  opened: Opened;
  tab: string | null;
  onTab: (tab: string | null) => void;
  onOpen: (segment: Schemas["StateSegment"]) => void;
}

function Tables({ one, opened, tab, onTab, onOpen }: TablesProps) {
  const { t } = useLanguage();
  const f = useFormat();
  const wanted = relevantCategories(opened);
  const [isNarrow, setIsNarrow] = useState(wanted !== null);
  const states = isNarrow && wanted !== null ? one.states.filter(({ category }) => wanted.includes(category)) : one.states;
  return (
    <Tabs value={tab} onChange={onTab} keepMounted={false}>
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
        <StateTable states={states} onOpen={onOpen} />
      </Tabs.Panel>
      <Tabs.Panel value="jobs" pt="sm">
        <JobTable jobs={one.jobs} />
      </Tabs.Panel>
    </Tabs>
  );
}
