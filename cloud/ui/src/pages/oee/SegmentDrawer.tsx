import { Drawer, Text } from "@mantine/core";
import type { Schemas } from "../../api/client";
import { useLanguage } from "../../i18n/LanguageProvider";
import { useMachineName } from "../../parts/useMachineName";
import { useLastShown } from "../../parts/useLastShown";
import { SegmentDetail } from "./SegmentDetail";

export interface OpenedSegment {
  machine: string;
  segment: Schemas["StateSegment"];
}

/** One segment of the timeline opened: the readings it was made of, and the ways to its signals and to the stop. */
export function SegmentDrawer({ opened, onClose }: { opened: OpenedSegment | null; onClose: () => void }) {
  const { t } = useLanguage();
  const machineName = useMachineName();
  const shown = useLastShown(opened);
  return (
    <Drawer
      opened={opened !== null}
      onClose={onClose}
      position="right"
      size={720}
      closeButtonProps={{ "aria-label": t.close }}
      title={shown !== null && <Text fw={650} fz="lg">{machineName(shown.machine)} <Text span c="var(--ink-soft)" fz="sm">{shown.machine}</Text></Text>}
    >
      {shown !== null && <SegmentDetail key={`${shown.machine} ${shown.segment.start}`} {...shown} />}
    </Drawer>
  );
}
