import { Box, Skeleton } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { quarantineQuery } from "../../api/queries";
import { useFormat } from "../../format/useFormat";
import { useLanguage } from "../../i18n/LanguageProvider";
import { Loaded } from "../../parts/Loaded";
import { PagedTable } from "../../parts/PagedTable";
import table from "../../parts/Table.module.css";
import { ReplayCell } from "./ReplayCell";
import css from "./SystemPage.module.css";

/** Payloads that could not be stored, kept so that somebody can look into them. */
export function QuarantineTable() {
  const { t } = useLanguage();
  const f = useFormat();
  const query = useQuery(quarantineQuery);
  const columns = t.system.quarantineColumns;
  return (
    <Loaded query={query} skeleton={<Box p="md"><Skeleton h={120} /></Box>}>
      {(rows) =>
        rows.length === 0 ? (
          <p className={css.quiet}>{t.system.noQuarantine}</p>
        ) : (
          <PagedTable
            label={t.system.quarantine}
            rows={rows}
            pageSize={20}
            isStacked
            rowKey={({ id }) => String(id)}
            columns={[
              { name: columns.at, isHead: true, cell: ({ at }) => f.dayTime(at) },
              { name: columns.topic, cell: ({ topic }) => <div className={`${css.long} ${table.mono}`}>{topic}</div> },
              { name: columns.reason, cell: ({ reason }) => <div className={css.long}>{reason}</div> },
              { name: columns.size, isRight: true, cell: ({ size }) => f.bytes(size) },
              { name: columns.head, cell: ({ head_hex }) => <div className={`${css.long} ${table.mono}`}>{head_hex.slice(0, 48)}</div> },
              { name: columns.replay, cell: (row) => <ReplayCell row={row} /> },
            ]}
          />
        )
      }
    </Loaded>
  );
}
