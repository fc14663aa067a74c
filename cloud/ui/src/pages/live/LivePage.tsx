import { Stack } from "@mantine/core";
import { IconBuildingFactory2, IconDeviceTv } from "@tabler/icons-react";
import { useQuery, useSuspenseQuery } from "@tanstack/react-query";
import { useState } from "react";
import { liveQuery, plantQuery } from "../../api/queries";
import { useLanguage } from "../../i18n/LanguageProvider";
import { Empty } from "../../parts/Empty";
import { LinkButton } from "../../parts/LinkButton";
import { Loaded } from "../../parts/Loaded";
import { PageHead } from "../../parts/PageHead";
import { LineRow } from "./LineRow";
import { LiveSkeleton } from "./LiveSkeleton";
import { MachineDrawer } from "./MachineDrawer";
import { PlantSummary } from "./PlantSummary";

/** All lines of the plant with their machines in the order of the flow. */
export function LivePage() {
  const { t } = useLanguage();
  const { data: plant } = useSuspenseQuery(plantQuery);
  const live = useQuery(liveQuery);
  const [opened, setOpened] = useState<string | null>(null);
  const lines = plant.areas.flatMap((area) => area.lines.map((line) => ({ area, line })));
  return (
    <>
      <PageHead title={t.live.title}>
        <LinkButton to="/andon" variant="default" size="xs" leftSection={<IconDeviceTv size={16} />} visibleFrom="sm">{t.andon.open}</LinkButton>
      </PageHead>
      <Loaded query={live} skeleton={<LiveSkeleton />}>
        {(found) =>
          found.tiles.length === 0 ? (
            <Empty icon={IconBuildingFactory2} title={t.live.empty} hint={t.live.emptyHint} />
          ) : (
            <Stack gap="md">
              <PlantSummary live={found} />
              {lines.map(({ area, line }) => (
                <LineRow
                  key={line.id}
                  area={area}
                  line={line}
                  parts={found.lines.find((each) => each.line === line.id)}
                  tiles={line.machines.flatMap(({ id }) => found.tiles.filter((tile) => tile.machine === id))}
                  onOpen={setOpened}
                />
              ))}
              <MachineDrawer
                tile={found.tiles.find((tile) => tile.machine === opened) ?? null}
                onClose={() => setOpened(null)}
              />
            </Stack>
          )
        }
      </Loaded>
    </>
  );
}
