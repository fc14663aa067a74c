import { IconServerOff } from "@tabler/icons-react";
import type { Schemas } from "../../api/client";
import { NOTHING } from "../../format/formats";
import { useFormat } from "../../format/useFormat";
import { useLanguage } from "../../i18n/LanguageProvider";
import { Empty } from "../../parts/Empty";
import { PagedTable } from "../../parts/PagedTable";
import table from "../../parts/Table.module.css";
import { OnlineMark } from "./OnlineMark";

export function GatewayTable({ gateways }: { gateways: Schemas["GatewayOut"][] }) {
  const { t } = useLanguage();
  const f = useFormat();
  if (gateways.length === 0) return <Empty icon={IconServerOff} title={t.system.noGateways} hint={t.system.noGatewaysHint} />;
  const { columns } = t.system;
  return (
    <PagedTable
      label={t.system.gateways}
      isStacked
      rows={gateways}
      rowKey={({ group, node }) => `${group}/${node}`}
      columns={[
        { name: columns.gateway, isHead: true, cell: ({ group, node }) => <><b>{node}</b> <span className={table.soft}>{group}</span></> },
        { name: columns.state, cell: ({ online }) => <OnlineMark isOnline={online} /> },
        { name: columns.devices, isRight: true, cell: ({ devices, devices_online }) => `${devices_online} / ${devices}` },
        { name: columns.points, isRight: true, cell: ({ points }) => f.integer(points) },
        { name: columns.gaps, isRight: true, cell: ({ gaps }) => f.integer(gaps) },
        { name: columns.watermark, isRight: true, cell: ({ watermark }) => f.integer(watermark) },
        { name: columns.age, isRight: true, cell: ({ watermark_age_s: age }) => (age === null ? NOTHING : f.shortDuration(age)) },
        { name: columns.lag, isRight: true, cell: ({ lag_s }) => (lag_s === null ? NOTHING : t.standards.seconds(f.decimal2(lag_s))) },
        { name: columns.receipts, cell: ({ receipts }) => (receipts ? t.system.withReceipts : t.system.withoutReceipts) },
        { name: columns.lastSeen, isRight: true, cell: ({ last_seen }) => f.dayTimeWithSeconds(last_seen) },
      ]}
    />
  );
}
