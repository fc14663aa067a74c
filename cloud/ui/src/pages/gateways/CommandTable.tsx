import { Box, Skeleton } from "@mantine/core";
import { IconTerminal2 } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { commandsQuery } from "../../api/queries";
import { NOTHING } from "../../format/formats";
import { useFormat } from "../../format/useFormat";
import { useLanguage } from "../../i18n/LanguageProvider";
import { lookup } from "../../i18n/lookup";
import { Empty } from "../../parts/Empty";
import { Loaded } from "../../parts/Loaded";
import { PagedTable } from "../../parts/PagedTable";
import table from "../../parts/Table.module.css";
import { CommandState } from "./CommandState";
import { useSaidValue } from "./useSaidValue";

/** What was commanded, by whom, why, and what became of it; newest first. */
export function CommandTable() {
  const { t } = useLanguage();
  const f = useFormat();
  const say = useSaidValue();
  const query = useQuery(commandsQuery);
  const names = t.gateways.commandColumns;
  return (
    <Loaded query={query} skeleton={<Box p="md"><Skeleton h={120} /></Box>}>
      {(commands) =>
        commands.length === 0 ? (
          <Empty icon={IconTerminal2} title={t.gateways.noCommands} hint={t.gateways.noCommandsHint} />
        ) : (
          <PagedTable
            label={t.gateways.history}
            rows={commands}
            pageSize={20}
            isStacked
            rowKey={({ id }) => id}
            columns={[
              { name: names.at, isHead: true, cell: ({ asked_at }) => f.dayTimeWithSeconds(asked_at) },
              { name: names.what, cell: ({ kind }) => <b>{lookup(t.gateways.commandKinds, kind)}</b> },
              { name: names.target, cell: ({ node, device, tag }) => (device === "" ? node : <>{device} <span className={table.soft}>{tag}</span></>) },
              {
                name: names.change,
                cell: ({ kind, value, value_before }) => (kind === "write" ? t.gateways.change(say(value_before), say(value)) : NOTHING),
              },
              { name: names.state, cell: (command) => <CommandState command={command} /> },
              { name: names.by, cell: ({ requester }) => requester },
              { name: names.reason, cell: ({ reason }) => <div style={{ whiteSpace: "normal", minWidth: 140, maxWidth: 320, overflowWrap: "anywhere" }}>{reason}</div> },
            ]}
          />
        )
      }
    </Loaded>
  );
}
