import { Button, Group, Skeleton, Stack, TextInput } from "@mantine/core";
import { IconPlugConnectedX, IconPlus, IconSearch, IconSearchOff } from "@tabler/icons-react";
import { useQuery, useSuspenseQuery } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import type { Schemas } from "../../api/client";
import { bindingsQuery, plantQuery } from "../../api/queries";
import { useSession } from "../../app/useSession";
import { useFormat } from "../../format/useFormat";
import { useLanguage } from "../../i18n/LanguageProvider";
import { lookup } from "../../i18n/lookup";
import { Card } from "../../parts/Card";
import { Empty } from "../../parts/Empty";
import { Loaded } from "../../parts/Loaded";
import { SystemHead } from "../system/SystemHead";
import { ChangeDialog } from "./ChangeDialog";
import { EndDialog } from "./EndDialog";
import { SignalTable } from "./SignalTable";
import css from "./SignalsPage.module.css";
import { byLine, type Source, sourcesOf } from "./sources";
import { VersionDrawer } from "./VersionDrawer";

type Binding = Schemas["BindingOut"];

/** What is open over the list, and for which signal; a new one has none yet. */
type Opened = { what: "change"; row: Binding | null } | { what: "end"; row: Binding } | { what: "history"; row: Binding } | null;

/** What each signal means, its history, and for those who may: another meaning, or none. */
export function SignalsPage() {
  const { t } = useLanguage();
  const mayWrite = useSession().permissions.includes("plant.write");
  const { data: plant } = useSuspenseQuery(plantQuery);
  const sources = useMemo(() => sourcesOf(plant), [plant]);
  const query = useQuery(bindingsQuery);
  const [opened, setOpened] = useState<Opened>(null);
  const close = () => setOpened(null);
  return (
    <>
      <SystemHead title={t.signals.title} />
      <div className={css.stack}>
        <Group justify="space-between" gap="xs">
          <p className={css.lead}>{t.signals.lead}</p>
          {mayWrite && (
            <Button size="sm" leftSection={<IconPlus size={16} />} onClick={() => setOpened({ what: "change", row: null })}>{t.signals.add}</Button>
          )}
        </Group>
        <Loaded query={query} skeleton={<Stack gap="md"><Skeleton h={36} maw={420} /><Skeleton h={330} radius={12} /></Stack>}>
          {(bindings) => (
            <SignalList
              bindings={bindings}
              sources={sources}
              mayWrite={mayWrite}
              onOpen={(what, row) => setOpened({ what, row })}
            />
          )}
        </Loaded>
      </div>
      {opened?.what === "change" && <ChangeDialog binding={opened.row} bound={query.data ?? []} sources={sources} onClose={close} />}
      {opened?.what === "end" && <EndDialog binding={opened.row} onClose={close} />}
      <VersionDrawer tag={opened?.what === "history" ? opened.row.tag : null} onClose={close} />
    </>
  );
}

interface SignalListProps {
  bindings: Binding[];
  sources: Source[];
  mayWrite: boolean;
  onOpen: (what: "change" | "end" | "history", row: Binding) => void;
}

function SignalList({ bindings, sources, mayWrite, onOpen }: SignalListProps) {
  const { t } = useLanguage();
  const f = useFormat();
  const [wanted, setWanted] = useState("");
  if (bindings.length === 0) {
    return <Card title={t.signals.title}><Empty icon={IconPlugConnectedX} title={t.signals.empty} hint={t.signals.emptyHint} /></Card>;
  }
  const names = new Map(sources.map(({ id, name }) => [id, f.name(name)]));
  const words = wanted.trim().toLowerCase();
  const found = bindings.filter(({ tag, role, machine, reader }) => {
    const source = machine ?? reader ?? "";
    return [tag, source, names.get(source) ?? "", role, lookup(t.signals.roles, role)].join(" ").toLowerCase().includes(words);
  });
  return (
    <>
      <div className={css.bar}>
        <TextInput
          className={css.search}
          aria-label={t.signals.search}
          placeholder={t.signals.search}
          leftSection={<IconSearch size={16} />}
          value={wanted}
          onChange={(event) => setWanted(event.currentTarget.value)}
        />
        <span className={`${css.count} tabular`} role="status">{t.signals.count(f.integer(found.length))}</span>
      </div>
      {found.length === 0 && <Card title={t.signals.title}><Empty icon={IconSearchOff} title={t.signals.noMatch} hint={t.signals.noMatchHint} /></Card>}
      {byLine(found, sources).map(({ line, rows }) => {
        const title = line === null ? t.signals.elsewhere : f.name(line.name);
        return (
          <Card key={line?.id ?? ""} title={title} hint={t.signals.count(f.integer(rows.length))} isFlush>
            <SignalTable label={title} rows={rows} names={names} mayWrite={mayWrite} onOpen={onOpen} />
          </Card>
        );
      })}
    </>
  );
}
