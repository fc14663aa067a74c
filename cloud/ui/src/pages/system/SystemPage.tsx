import { Skeleton, Stack } from "@mantine/core";
import { IconPlugConnected } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { systemQuery } from "../../api/queries";
import { useLanguage } from "../../i18n/LanguageProvider";
import { Card } from "../../parts/Card";
import { LinkButton } from "../../parts/LinkButton";
import { Loaded } from "../../parts/Loaded";
import { PageHead } from "../../parts/PageHead";
import { BadInputTable } from "./BadInputTable";
import { GatewayTable } from "./GatewayTable";
import { QuarantineTable } from "./QuarantineTable";
import { Rates } from "./Rates";
import { StoreFacts } from "./StoreFacts";
import css from "./SystemPage.module.css";

/** How well data comes in: gateways, rates, what was refused. */
export function SystemPage() {
  const { t } = useLanguage();
  const query = useQuery(systemQuery);
  return (
    <>
      <PageHead title={t.system.title}>
        <LinkButton to="/system/signals" variant="default" size="sm" leftSection={<IconPlugConnected size={16} />}>{t.signals.title}</LinkButton>
      </PageHead>
      <Loaded query={query} skeleton={<SystemSkeleton />}>
        {(system) => (
          <div className={css.stack}>
            <Rates system={system} />
            <Card title={t.system.gateways} isFlush>
              <GatewayTable gateways={system.gateways} />
            </Card>
            <div className={css.pair}>
              <Card title={t.system.badInput} isFlush>
                <BadInputTable counters={system.bad_input} />
              </Card>
              <Card title={t.system.quarantine} isFlush>
                <QuarantineTable />
              </Card>
            </div>
            <Card title={t.system.store}>
              <StoreFacts store={system.store} />
            </Card>
          </div>
        )}
      </Loaded>
    </>
  );
}

function SystemSkeleton() {
  return (
    <Stack gap="md">
      <Skeleton h={86} radius={12} />
      <Skeleton h={210} radius={12} />
      <Skeleton h={210} radius={12} />
    </Stack>
  );
}
