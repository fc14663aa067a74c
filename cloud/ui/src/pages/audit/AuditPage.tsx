import { Button, Group, Skeleton, Stack, Text } from "@mantine/core";
import { IconChevronLeft, IconChevronRight, IconClipboardText } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useState } from "react";
import { auditQuery } from "../../api/queries";
import { useFormat } from "../../format/useFormat";
import { useLanguage } from "../../i18n/LanguageProvider";
import { Card } from "../../parts/Card";
import { Empty } from "../../parts/Empty";
import { Loaded } from "../../parts/Loaded";
import { SystemHead } from "../system/SystemHead";
import { AuditFilter } from "./AuditFilter";
import css from "./AuditPage.module.css";
import { AuditTable } from "./AuditTable";
import { asked } from "./asked";

const PAGE_SIZE = 50;

/** Who did what to which object. */
export function AuditPage() {
  const { t } = useLanguage();
  const { timeZone } = useFormat();
  const search = useSearch({ from: "/inside/system/audit" });
  const navigate = useNavigate({ from: "/system/audit" });
  // The server pages by cursor; the cursors of the pages passed are the way back.
  const [passed, setPassed] = useState<{ of: string; cursors: number[] }>({ of: "", cursors: [] });
  const of = JSON.stringify(search);
  const cursors = passed.of === of ? passed.cursors : [];
  const after = cursors.at(-1);
  const wanted = asked(search, timeZone);
  const query = useQuery(auditQuery({ ...wanted, limit: PAGE_SIZE, ...(after === undefined ? {} : { after }) }));
  const turn = (next: number[]) => {
    setPassed({ of, cursors: next });
    window.scrollTo({ top: 0 });
  };
  return (
    <>
      <SystemHead title={t.audit.title} />
      <div className={css.stack}>
        <p className={css.lead}>{t.audit.lead}</p>
        <AuditFilter
          key={`${search.from ?? ""} ${search.to ?? ""}`}
          search={search}
          users={query.data?.users ?? []}
          csv={`/api/v1/audit/log?${new URLSearchParams({ ...wanted, format: "csv" })}`}
          onSearch={(next) => void navigate({ search: next, replace: true })}
        />
        <Loaded query={query} skeleton={<Stack gap={8}>{Array.from({ length: 10 }, (_, n) => <Skeleton key={n} h={44} radius={10} />)}</Stack>}>
          {(page) => (
            <Card title={t.audit.title} hint={t.audit.page(cursors.length + 1)} isFlush>
              {page.items.length === 0 ? (
                <Empty icon={IconClipboardText} title={of === "{}" ? t.audit.empty : t.audit.noMatch} hint={of === "{}" ? t.audit.emptyHint : t.audit.noMatchHint} />
              ) : (
                <AuditTable page={page} />
              )}
            </Card>
          )}
        </Loaded>
        {query.data !== undefined && (cursors.length > 0 || query.data.next !== null) && (
          <Group gap="sm" justify="flex-end" component="nav" aria-label={t.table.pages}>
            <Text fz="sm" c="var(--ink-soft)" className="tabular">{t.audit.page(cursors.length + 1)}</Text>
            <Button size="xs" variant="default" disabled={cursors.length === 0} onClick={() => turn(cursors.slice(0, -1))} leftSection={<IconChevronLeft size={14} />}>{t.audit.newer}</Button>
            <Button size="xs" variant="default" disabled={query.data.next === null || query.isPlaceholderData} onClick={() => turn([...cursors, query.data.next ?? 0])} rightSection={<IconChevronRight size={14} />}>{t.audit.older}</Button>
          </Group>
        )}
      </div>
    </>
  );
}
