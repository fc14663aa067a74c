import { Button, Group, SegmentedControl, Skeleton, Text } from "@mantine/core";
import { IconPlus, IconRecycleOff } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useState } from "react";
import { answered, api, type Schemas } from "../../../api/client";
import { scrapQuery } from "../../../api/standards";
import { SCRAP_DAYS } from "../../../app/search";
import { useSession } from "../../../app/useSession";
import { useFormat } from "../../../format/useFormat";
import { useLanguage } from "../../../i18n/LanguageProvider";
import { usePlantNow } from "../../../live/usePlantNow";
import { Card } from "../../../parts/Card";
import { Empty } from "../../../parts/Empty";
import { Loaded } from "../../../parts/Loaded";
import { PagedTable } from "../../../parts/PagedTable";
import table from "../../../parts/Table.module.css";
import { useMachineName } from "../../../parts/useMachineName";
import { OeeHead } from "../OeeHead";
import { SettingDialog } from "../settings/SettingDialog";
import css from "../settings/Settings.module.css";
import { ScrapDialog } from "./ScrapDialog";

type Scrap = Schemas["ScrapOut"];
const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;

/** Scrap found downstream or later, charged to where and when it arose. */
export function ScrapPage() {
  const { t } = useLanguage();
  const { days = 30 } = useSearch({ from: "/inside/oee/scrap" });
  const navigate = useNavigate({ from: "/oee/scrap" });
  const mayCharge = useSession().permissions.includes("scrap.charge");
  const now = usePlantNow(60_000) ?? 0;
  const end = Math.ceil((now + 1) / HOUR_MS) * HOUR_MS;
  const query = useQuery(scrapQuery(new Date(end - days * DAY_MS).toISOString(), new Date(end).toISOString()));
  const [isCharging, setIsCharging] = useState(false);
  const [withdrawn, setWithdrawn] = useState<Scrap | null>(null);
  return (
    <>
      <OeeHead title={t.scrapPage.title} />
      <div className={css.stack}>
        <Group justify="space-between" gap="sm">
          <SegmentedControl
            aria-label={t.scrapPage.days}
            value={String(days)}
            onChange={(next) => void navigate({ search: { days: SCRAP_DAYS.find((known) => String(known) === next) ?? 30 } })}
            data={SCRAP_DAYS.map((value) => ({ value: String(value), label: t.scrapPage.spans[value] ?? String(value) }))}
          />
          {mayCharge && <Button size="sm" leftSection={<IconPlus size={16} />} onClick={() => setIsCharging(true)}>{t.scrapPage.charge}</Button>}
        </Group>
        <Loaded query={query} skeleton={<Skeleton h={320} radius={12} />}>
          {(rows) => (
            <Card title={t.scrapPage.list} isFlush>
              <p className={css.lead}>{t.scrapPage.lead}</p>
              {rows.length === 0 ? <Empty icon={IconRecycleOff} title={t.scrapPage.empty} hint={t.scrapPage.emptyHint} /> : <Charges rows={rows} onWithdraw={mayCharge ? setWithdrawn : null} />}
            </Card>
          )}
        </Loaded>
      </div>
      {isCharging && <ScrapDialog onClose={() => setIsCharging(false)} />}
      {withdrawn !== null && <WithdrawDialog scrap={withdrawn} onClose={() => setWithdrawn(null)} />}
    </>
  );
}

function useWhat(): (scrap: Scrap) => string {
  const { t } = useLanguage();
  return ({ serial, job }) => serial ?? t.scrapPage.jobOf(job);
}

function Charges({ rows, onWithdraw }: { rows: Scrap[]; onWithdraw: ((row: Scrap) => void) | null }) {
  const { t } = useLanguage();
  const f = useFormat();
  const machineName = useMachineName();
  const what = useWhat();
  const { columns } = t.scrapPage;
  return (
    <PagedTable
      label={t.scrapPage.list}
      isStacked
      rows={[...rows].sort((a, b) => b.at.localeCompare(a.at))}
      rowKey={({ id }) => String(id)}
      columns={[
        { name: columns.at, cell: ({ at }) => f.dayTime(at) },
        { name: columns.machine, cell: ({ machine }) => <>{machineName(machine)} <span className={table.soft}>{machine}</span></> },
        { name: columns.what, cell: (row) => what(row) },
        { name: columns.quantity, isRight: true, cell: ({ quantity }) => f.integer(quantity) },
        { name: columns.reason, isWrapped: true, cell: ({ reason }) => reason },
        { name: columns.found, cell: ({ found_at }) => found_at },
        { name: columns.by, cell: ({ username }) => username },
        { name: columns.state, cell: ({ withdrawn_by }) => (withdrawn_by === null ? t.scrapPage.holds : <span className={table.soft}>{t.scrapPage.withdrawn(withdrawn_by)}</span>) },
        ...(onWithdraw === null
          ? []
          : [
              {
                name: columns.action,
                isRight: true,
                cell: (row: Scrap) =>
                  row.withdrawn === null && <Button variant="default" size="compact-xs" aria-label={t.scrapPage.withdrawOf(what(row))} onClick={() => onWithdraw(row)}>{t.scrapPage.withdraw}</Button>,
              },
            ]),
      ]}
    />
  );
}

function WithdrawDialog({ scrap, onClose }: { scrap: Scrap; onClose: () => void }) {
  const { t } = useLanguage();
  const what = useWhat();
  const send = () => answered(api.POST("/api/v1/oee/scrap/{number}/withdraw", { params: { path: { number: scrap.id } } }));
  return (
    <SettingDialog title={t.scrapPage.withdrawOf(what(scrap))} submit={t.scrapPage.withdrawIt} canSend send={send} onClose={onClose}>
      <Text fz="sm">{t.scrapPage.withdrawLead}</Text>
    </SettingDialog>
  );
}
