import { Button, Group, SegmentedControl, Skeleton, Stack } from "@mantine/core";
import { IconArrowsExchange, IconPlus } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import type { Schemas } from "../../api/client";
import { mappingsQuery } from "../../api/queries";
import { useSession } from "../../app/useSession";
import { useFormat } from "../../format/useFormat";
import { useLanguage } from "../../i18n/LanguageProvider";
import { Card } from "../../parts/Card";
import { Empty } from "../../parts/Empty";
import { Loaded } from "../../parts/Loaded";
import { SystemHead } from "../system/SystemHead";
import { isHeld } from "./mapping";
import { MappingDialog } from "./MappingDialog";
import { MappingTable } from "./MappingTable";
import css from "./MappingsPage.module.css";
import { UndoDialog } from "./UndoDialog";

type Mapping = Schemas["TagMappingOut"];

/** Which gateways, machines and signals go on with the history of which; made and undone by those who may. */
export function MappingsPage() {
  const { t } = useLanguage();
  const mayMap = useSession().permissions.includes("tags.map");
  const query = useQuery(mappingsQuery);
  const [isMaking, setIsMaking] = useState(false);
  const [undone, setUndone] = useState<Mapping | null>(null);
  return (
    <>
      <SystemHead title={t.mappings.title} />
      <div className={css.stack}>
        <Group justify="space-between" gap="sm">
          <p className={css.lead}>{t.mappings.lead}</p>
          {mayMap && <Button size="sm" leftSection={<IconPlus size={16} />} onClick={() => setIsMaking(true)}>{t.mappings.make}</Button>}
        </Group>
        <Loaded query={query} skeleton={<Stack gap="md"><Skeleton h={36} maw={260} /><Skeleton h={260} radius={12} /></Stack>}>
          {(mappings) => <MappingList mappings={mappings} onUndo={mayMap ? setUndone : null} />}
        </Loaded>
      </div>
      {isMaking && <MappingDialog onClose={() => setIsMaking(false)} />}
      {undone !== null && <UndoDialog mapping={undone} onClose={() => setUndone(null)} />}
    </>
  );
}

interface MappingListProps {
  mappings: Mapping[];
  /** Null for those who may only look. */
  onUndo: ((mapping: Mapping) => void) | null;
}

function MappingList({ mappings, onUndo }: MappingListProps) {
  const { t } = useLanguage();
  const f = useFormat();
  const [show, setShow] = useState<"held" | "all">("all");
  if (mappings.length === 0) {
    return <Card title={t.mappings.title}><Empty icon={IconArrowsExchange} title={t.mappings.empty} hint={t.mappings.emptyHint} /></Card>;
  }
  const held = mappings.filter(isHeld);
  const rows = show === "all" ? mappings : held;
  return (
    <>
      <SegmentedControl
        className={css.show}
        aria-label={t.mappings.show}
        value={show}
        onChange={(next) => setShow(next === "held" ? "held" : "all")}
        data={[
          { value: "all", label: `${t.mappings.all} ${f.integer(mappings.length)}` },
          { value: "held", label: `${t.mappings.states.held} ${f.integer(held.length)}` },
        ]}
      />
      <Card title={t.mappings.title} isFlush>
        {rows.length === 0 ? <Empty icon={IconArrowsExchange} title={t.mappings.noHeld} /> : <MappingTable mappings={rows} onUndo={onUndo} />}
      </Card>
    </>
  );
}
