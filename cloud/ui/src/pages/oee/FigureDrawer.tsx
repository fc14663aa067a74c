import { Drawer, Text } from "@mantine/core";
import { useState } from "react";
import type { Schemas } from "../../api/client";
import type { OeeAsked } from "../../api/queries";
import { useLanguage } from "../../i18n/LanguageProvider";
import { lookup } from "../../i18n/lookup";
import { FigureParts } from "./FigureParts";
import type { Opened } from "./opened";

interface FigureDrawerProps {
  oee: Schemas["OeeOut"];
  asked: OeeAsked;
  opened: Opened | null;
  onClose: () => void;
}

/** What a figure is made of: the formula with its numbers, then the segments of each machine. */
export function FigureDrawer({ oee, asked, opened, onClose }: FigureDrawerProps) {
  const { t } = useLanguage();
  const [shown, setShown] = useState<Opened>("oee");
  if (opened !== null && opened !== shown) setShown(opened);
  return (
    <Drawer
      opened={opened !== null}
      onClose={onClose}
      position="right"
      size={920}
      closeButtonProps={{ "aria-label": t.close }}
      title={<Text fw={650} fz="lg">{t.oee.segmentsOf(openedName(shown, t))}</Text>}
    >
      <FigureParts oee={oee} asked={asked} opened={shown} />
    </Drawer>
  );
}

function openedName(opened: Opened, t: ReturnType<typeof useLanguage>["t"]): string {
  const totals: Record<string, string> = { planned: t.oee.planned, observed: t.oee.observed, observed_with_breaks: t.oee.terms.pbtAndBreaks, effective: t.oee.effective };
  return totals[opened] ?? (Object.hasOwn(t.figures, opened) ? lookup(t.figures, opened) : lookup(t.losses, opened));
}
