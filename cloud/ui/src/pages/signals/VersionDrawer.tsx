import { Drawer, Skeleton, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { versionsQuery } from "../../api/queries";
import { useFormat } from "../../format/useFormat";
import { useLanguage } from "../../i18n/LanguageProvider";
import { lookup } from "../../i18n/lookup";
import { AuditLink } from "../../parts/AuditLink";
import { Loaded } from "../../parts/Loaded";
import { PagedTable } from "../../parts/PagedTable";
import table from "../../parts/Table.module.css";
import { CounterRule } from "./CounterFields";
import { Codes } from "./SignalTable";

/** Every version of what a signal means, the newest first. */
export function VersionDrawer({ tag, onClose }: { tag: string | null; onClose: () => void }) {
  const { t } = useLanguage();
  return (
    <Drawer
      opened={tag !== null}
      onClose={onClose}
      position="right"
      size={720}
      closeButtonProps={{ "aria-label": t.close }}
      title={tag !== null && <Text fw={650} fz="lg" style={{ overflowWrap: "anywhere" }}>{t.signals.historyOf(tag)}</Text>}
    >
      {tag !== null && <><Versions tag={tag} /><AuditLink search={{ object: `tag/${tag}` }} /></>}
    </Drawer>
  );
}

function Versions({ tag }: { tag: string }) {
  const { t } = useLanguage();
  const f = useFormat();
  const query = useQuery(versionsQuery(tag));
  const { columns } = t.signals;
  return (
    <Loaded query={query} skeleton={<Skeleton h={180} radius={10} />}>
      {(versions) => (
        <PagedTable
          label={t.signals.history}
          rows={versions}
          isStacked
          rowKey={({ id }) => String(id)}
          columns={[
            { name: columns.version, cell: ({ version }) => <><b>{version}</b> {version === versions[0]?.version && <span className={table.soft}>{t.signals.holds}</span>}</> },
            { name: columns.since, cell: ({ valid_from }) => (valid_from === null ? t.signals.everSince : f.dayTimeWithSeconds(valid_from)) },
            { name: columns.role, cell: ({ retired, role }) => (retired ? <b>{t.signals.ended}</b> : lookup(t.signals.roles, role)) },
            { name: columns.source, cell: ({ machine, reader, retired }) => !retired && (machine ?? reader) },
            { name: columns.codes, cell: ({ role, code_map, modulus, jitter, retired }) => !retired && (code_map !== null ? <Codes role={role} codes={code_map} /> : <CounterRule modulus={modulus} jitter={jitter} />) },
          ]}
        />
      )}
    </Loaded>
  );
}
