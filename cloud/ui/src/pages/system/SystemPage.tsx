import { Skeleton } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { systemQuery } from "../../api/queries";
import { useLanguage } from "../../i18n/LanguageProvider";
import { Card } from "../../parts/Card";
import { Loaded } from "../../parts/Loaded";
import { BadInputTable } from "./BadInputTable";
import { Freshness } from "./Freshness";
import { GatewayTable } from "./GatewayTable";
import { Holdings } from "./Holdings";
import { QuarantineTable } from "./QuarantineTable";
import { Rates } from "./Rates";
import { StoreFacts } from "./StoreFacts";
import { SystemHead } from "./SystemHead";
import css from "./SystemPage.module.css";
import { Trends } from "./Trends";

/** How well data comes in and how much is held: pictures first, then gateways, what was refused, the store. */
export function SystemPage() {
  const { t } = useLanguage();
  const query = useQuery(systemQuery);
  return (
    <>
      <SystemHead title={t.system.title} />
      <Loaded query={query} skeleton={<SystemSkeleton />}>
        {(system) => (
          <div className={css.stack}>
            <Trends system={system} />
            <Rates system={system} />
            <div className={css.pair}>
              <Card title={t.system.freshness.title} hint={t.system.freshness.hint}>
                <Freshness gateways={system.gateways} />
              </Card>
              <Card title={t.system.holdings.title}>
                <Holdings holdings={system.holdings} pointsTotal={system.points_total} />
              </Card>
            </div>
            <Card title={t.system.gateways} isFlush>
              <GatewayTable gateways={system.gateways} />
            </Card>
            <Card title={t.system.badInput} isFlush>
              <BadInputTable counters={system.bad_input} />
            </Card>
            <Card title={t.system.quarantine} isFlush>
              <QuarantineTable />
            </Card>
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
    <div className={css.stack}>
      <Skeleton h={158} radius={12} />
      <Skeleton h={76} radius={12} />
      <div className={css.pair}><Skeleton h={280} radius={12} /><Skeleton h={280} radius={12} /></div>
      <Skeleton h={210} radius={12} />
    </div>
  );
}
