import { Skeleton } from "@mantine/core";
import { IconRouterOff } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { useState } from "react";
import type { Schemas } from "../../api/client";
import { gatewaysQuery } from "../../api/queries";
import { useLanguage } from "../../i18n/LanguageProvider";
import { Card } from "../../parts/Card";
import { Empty } from "../../parts/Empty";
import { Loaded } from "../../parts/Loaded";
import { PageHead } from "../../parts/PageHead";
import { CommandTable } from "./CommandTable";
import { DeviceDrawer } from "./DeviceDrawer";
import { FleetSummary } from "./FleetSummary";
import { GatewayCard } from "./GatewayCard";
import css from "./GatewaysPage.module.css";
import { RebirthDialog } from "./RebirthDialog";

const here = getRouteApi("/inside/gateways");

/** The fleet of gateways, what each tells about itself, and what was commanded. */
export function GatewaysPage() {
  const { t } = useLanguage();
  const query = useQuery(gatewaysQuery);
  const { gateway, device } = here.useSearch();
  const go = here.useNavigate();
  const [reborn, setReborn] = useState<Schemas["FleetGateway"] | null>(null);
  return (
    <>
      <PageHead title={t.gateways.title} />
      <Loaded query={query} skeleton={<FleetSkeleton />}>
        {(fleet) => (
          <div className={css.stack}>
            <FleetSummary fleet={fleet} />
            {fleet.length === 0 ? (
              <Card title={t.gateways.fleet}><Empty icon={IconRouterOff} title={t.gateways.empty} hint={t.gateways.emptyHint} /></Card>
            ) : (
              <div className={css.fleet}>
                {fleet.map((one) => (
                  <GatewayCard
                    key={`${one.group}/${one.node}`}
                    gateway={one}
                    onOpen={(opened) => void go({ search: { gateway: `${one.group}/${one.node}`, device: opened } })}
                    onRebirth={() => setReborn(one)}
                  />
                ))}
              </div>
            )}
            <Card title={t.gateways.history} isFlush><CommandTable /></Card>
            <DeviceDrawer
              gateway={fleet.find(({ group, node }) => `${group}/${node}` === gateway) ?? null}
              device={device ?? null}
              onClose={() => void go({ search: {} })}
            />
          </div>
        )}
      </Loaded>
      <RebirthDialog gateway={reborn} onClose={() => setReborn(null)} />
    </>
  );
}

function FleetSkeleton() {
  return (
    <div className={css.stack}>
      <Skeleton h={86} radius={12} />
      <div className={css.fleet}><Skeleton h={330} radius={12} /><Skeleton h={330} radius={12} /></div>
    </div>
  );
}
