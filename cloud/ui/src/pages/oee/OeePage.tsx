import { Group, Skeleton, Stack } from "@mantine/core";
import { IconReport } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useState } from "react";
import { type OeeAsked, oeeQuery } from "../../api/queries";
import { PERIODS, type Period } from "../../app/search";
import { useLanguage } from "../../i18n/LanguageProvider";
import { LinkButton } from "../../parts/LinkButton";
import { Loaded } from "../../parts/Loaded";
import { PeriodPicker } from "../../parts/period/PeriodPicker";
import { FigureDrawer } from "./FigureDrawer";
import { OeeContent } from "./OeeContent";
import { OeeHead } from "./OeeHead";
import type { Opened } from "./opened";
import { PolicyChoice } from "./PolicyChoice";
import { ScopeChoice } from "./ScopeChoice";

/** OEE of a chosen scope and period; each figure opens to its segments. */
export function OeePage() {
  const { t } = useLanguage();
  const { scope = "site", policy, period, start, end } = useSearch({ from: "/inside/oee" });
  const navigate = useNavigate({ from: "/oee" });
  const subject = policy === undefined ? { scope } : { scope, policy };
  const asked: OeeAsked =
    start !== undefined && end !== undefined ? { ...subject, start, end } : { ...subject, period: period ?? "shift" };
  const query = useQuery(oeeQuery(asked));
  const [opened, setOpened] = useState<Opened | null>(null);
  return (
    <>
      <OeeHead title={t.oee.title}>
        <Group gap="sm" wrap="wrap" mb="md">
          <ScopeChoice scope={scope} onScope={(next) => void navigate({ search: (now) => ({ ...now, scope: next }) })} />
          <PolicyChoice policy={policy ?? "iso22400"} onPolicy={(next) => void navigate({ search: (now) => ({ ...now, policy: next }) })} />
          <LinkButton to="/report" search={{ scope, ...(query.data === undefined ? {} : { at: query.data.start }) }} variant="default" leftSection={<IconReport size={17} />}>{t.report.open}</LinkButton>
          <PeriodPicker
            label={t.oee.period}
            named={PERIODS.map((each) => ({ value: each, label: t.oee.periods[each] }))}
            value={asked.period ?? null}
            window={start !== undefined && end !== undefined ? { start, end } : null}
            onNamed={(next) => void navigate({ search: { ...subject, period: next as Period } })}
            onWindow={(next) => void navigate({ search: { ...subject, ...next } })}
          />
        </Group>
      </OeeHead>
      <Loaded query={query} skeleton={<OeeSkeleton />}>
        {(oee) => (
          <>
            <OeeContent oee={oee} asked={asked} isOld={query.isPlaceholderData} onOpen={setOpened} />
            <FigureDrawer oee={oee} asked={asked} opened={opened} onClose={() => setOpened(null)} />
          </>
        )}
      </Loaded>
    </>
  );
}

function OeeSkeleton() {
  return (
    <Stack gap="md">
      <Skeleton h={168} radius={12} />
      <Skeleton h={330} radius={12} />
      <Skeleton h={300} radius={12} />
    </Stack>
  );
}
