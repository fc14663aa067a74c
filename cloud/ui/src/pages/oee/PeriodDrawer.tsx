import { Drawer, Group, Skeleton, Stack, Text } from "@mantine/core";
import { IconGauge } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { type OeeAsked, oeeQuery } from "../../api/queries";
import { useLanguage } from "../../i18n/LanguageProvider";
import { LinkButton } from "../../parts/LinkButton";
import { Loaded } from "../../parts/Loaded";
import { useLastShown } from "../../parts/useLastShown";
import { FigureParts } from "./FigureParts";

export interface OpenedPeriod {
  start: string;
  end: string;
  name: string;
}

/** One point of a trend opened: the figure of that period with its formula and the segments of each machine. */
export function PeriodDrawer({ asked, opened, onClose }: { asked: OeeAsked; opened: OpenedPeriod | null; onClose: () => void }) {
  const { t } = useLanguage();
  const shown = useLastShown(opened);
  return (
    <Drawer
      opened={opened !== null}
      onClose={onClose}
      position="right"
      size={920}
      closeButtonProps={{ "aria-label": t.close }}
      title={<Text fw={650} fz="lg">{t.oee.periodOf(shown?.name ?? "")}</Text>}
    >
      {shown !== null && <Period key={shown.start} asked={asked} period={shown} />}
    </Drawer>
  );
}

function Period({ asked: { scope, policy }, period: { start, end } }: { asked: OeeAsked; period: OpenedPeriod }) {
  const { t } = useLanguage();
  const asked: OeeAsked = { scope, ...(policy === undefined ? {} : { policy }), start, end };
  const { placeholderData: _, ...fresh } = oeeQuery(asked); // another period's segments would be taken for this one's
  const query = useQuery(fresh);
  return (
    <Loaded query={query} skeleton={<Stack><Skeleton h={84} radius={10} /><Skeleton h={300} /></Stack>}>
      {(oee) => (
        <Stack gap="md">
          <FigureParts oee={oee} asked={asked} opened="oee" />
          <Group>
            <LinkButton to="/oee" search={asked} variant="default" leftSection={<IconGauge size={17} />}>{t.oee.showPeriod}</LinkButton>
          </Group>
        </Stack>
      )}
    </Loaded>
  );
}
