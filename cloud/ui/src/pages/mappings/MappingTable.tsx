import { Button } from "@mantine/core";
import { IconArrowDown } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import type { Schemas } from "../../api/client";
import { useFormat } from "../../format/useFormat";
import { useLanguage } from "../../i18n/LanguageProvider";
import { PagedTable } from "../../parts/PagedTable";
import mark from "../../parts/StateMark.module.css";
import table from "../../parts/Table.module.css";
import { Converted } from "./Converted";
import { isHeld, kindOf, levelOf } from "./mapping";
import css from "./MappingsPage.module.css";

type Mapping = Schemas["TagMappingOut"];

interface MappingTableProps {
  mappings: Mapping[];
  onUndo: ((mapping: Mapping) => void) | null;
}

/** Mappings, the newest first, with who made and who undid them. */
export function MappingTable({ mappings, onUndo }: MappingTableProps) {
  const { t } = useLanguage();
  const f = useFormat();
  const { columns } = t.mappings;
  return (
    <PagedTable
      label={t.mappings.title}
      rows={mappings}
      pageSize={25}
      isStacked
      rowKey={({ id }) => String(id)}
      columns={[
        { name: columns.what, isHead: true, cell: (row) => <What mapping={row} /> },
        { name: columns.state, cell: (row) => <State isOn={isHeld(row)} /> },
        { name: columns.since, cell: ({ valid_from }) => f.dateTime(valid_from) },
        { name: columns.joins, cell: (row) => <Joined mapping={row} /> },
        { name: columns.conversion, cell: ({ scale, offset, values }) => <Converted scale={scale} offset={offset} values={values} /> },
        { name: columns.note, cell: ({ note }) => <div className={css.note}>{note}</div> },
        { name: columns.made, cell: ({ by, at }) => <Said by={by} at={at} /> },
        { name: columns.undone, cell: ({ undone_by: by, undone_at: at }) => at !== null && <Said by={by ?? ""} at={at} /> },
        {
          name: columns.action,
          isRight: true,
          cell: (row) => onUndo !== null && isHeld(row) && (
            <Button variant="default" size="compact-xs" aria-label={t.mappings.undoOf(row.old, row.new)} onClick={() => onUndo(row)}>{t.mappings.undo}</Button>
          ),
        },
      ]}
    />
  );
}

/** Old above new: addresses are long, and a reader compares them part by part. */
function What({ mapping }: { mapping: Mapping }) {
  const { t } = useLanguage();
  const search = levelOf(mapping.new) === "signal" ? { tags: [mapping.new] } : { q: mapping.new };
  return (
    <div className={css.what}>
      <span className={table.soft}>{t.mappings.kinds[kindOf(mapping)]}</span>
      <span className={`${css.address} ${table.mono}`}>{mapping.old}</span>
      <span className={css.to}>
        <IconArrowDown size={14} aria-label={t.mappings.goesOnAs} />
        <Link to="/history" search={search} className={`${css.address} ${table.mono} ${table.link}`}>{mapping.new}</Link>
      </span>
    </div>
  );
}

function State({ isOn }: { isOn: boolean }) {
  const { t } = useLanguage();
  const colour = isOn ? "running" : "idle";
  return (
    <span className={`${mark.mark} ${mark.small}`} style={{ color: `var(--${colour})`, background: `var(--${colour}-soft)`, paddingLeft: 8 }}>
      {isOn ? t.mappings.states.held : t.mappings.states.undone}
    </span>
  );
}

function Joined({ mapping: { signals, machines } }: { mapping: Mapping }) {
  const { t } = useLanguage();
  const f = useFormat();
  return (
    <div className={css.note}>
      {t.mappings.signals(f.integer(signals))}
      {machines.length > 0 && <div className={table.soft} title={machines.join(" ")}>{t.mappings.machines(f.integer(machines.length))}</div>}
    </div>
  );
}

function Said({ by, at }: { by: string; at: string }) {
  const f = useFormat();
  return <>{by}<div className={table.soft}>{f.dateTime(at)}</div></>;
}
