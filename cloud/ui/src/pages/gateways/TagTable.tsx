import { Button } from "@mantine/core";
import { useState } from "react";
import type { Schemas } from "../../api/client";
import { useSession } from "../../app/useSession";
import { useFormat } from "../../format/useFormat";
import { useLanguage } from "../../i18n/LanguageProvider";
import { lookup } from "../../i18n/lookup";
import { PagedTable } from "../../parts/PagedTable";
import type { Column } from "../../parts/Rows";
import mark from "../../parts/StateMark.module.css";
import table from "../../parts/Table.module.css";
import css from "./DeviceDrawer.module.css";
import { useSaidValue } from "./useSaidValue";
import { isWritable } from "./value";
import { WriteDialog } from "./WriteDialog";

const QUALITIES: Record<number, readonly [string, string]> = { 192: ["good", "running"], 500: ["stale", "unobserved"] };

interface TagTableProps {
  gateway: Schemas["FleetGateway"];
  device: Schemas["DeviceOut"];
  tags: Schemas["TagNow"][];
}

/** The newest values of a device, with a way to write for those who may. */
export function TagTable({ gateway, device, tags }: TagTableProps) {
  const { t } = useLanguage();
  const f = useFormat();
  const say = useSaidValue();
  const { permissions } = useSession();
  const [written, setWritten] = useState<Schemas["TagNow"] | null>(null);
  const mayWrite = permissions.includes("gateways.command") && gateway.kind !== "json";
  const names = t.gateways.columns;
  const shown = ({ value, datatype }: Schemas["TagNow"]) =>
    datatype === "DATETIME" && typeof value === "number" ? f.dayTimeWithSeconds(value) : say(value);
  const columns: Column<Schemas["TagNow"]>[] = [
    { name: names.tag, cell: ({ tag }) => <div className={css.tag}>{tag}</div> },
    { name: names.value, isRight: true, cell: (now) => <div className={`${css.value} ${now.quality === 192 ? "" : css.stale}`}>{shown(now)}</div> },
    { name: names.quality, cell: ({ quality }) => <Quality quality={quality} /> },
    { name: names.at, cell: ({ at }) => f.timeWithSeconds(at) },
    { name: names.type, cell: ({ datatype }) => <span className={`${table.soft} ${table.mono}`}>{datatype}</span> },
  ];
  if (mayWrite) {
    columns.splice(2, 0, {
      name: names.action,
      isRight: true,
      cell: (tag) =>
        isWritable(tag.datatype) && (
          <Button variant="default" size="compact-xs" disabled={!device.online} aria-label={t.gateways.writeTitle(tag.tag)} onClick={() => setWritten(tag)}>
            {t.gateways.write}
          </Button>
        ),
    });
  }
  return (
    <>
      <div className={css.tags}>
        {tags.length === 0 ? (
          <p className={css.quiet}>{t.gateways.noTags}</p>
        ) : (
          <PagedTable label={t.gateways.tags} rows={tags} rowKey={({ tag }) => tag} columns={columns} />
        )}
      </div>
      {written !== null && <WriteDialog gateway={gateway} device={device.id} tag={written} onClose={() => setWritten(null)} />}
    </>
  );
}

function Quality({ quality }: { quality: number }) {
  const { t } = useLanguage();
  const [name, colour] = QUALITIES[quality] ?? ["bad", "breakdown"];
  return (
    <span className={`${mark.mark} ${mark.small}`} style={{ color: `var(--${colour})`, background: `var(--${colour}-soft)`, paddingLeft: 8 }}>
      {lookup(t.gateways.qualities, name)}
    </span>
  );
}
