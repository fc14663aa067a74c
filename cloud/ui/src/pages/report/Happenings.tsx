import { Link } from "@tanstack/react-router";
import type { Schemas } from "../../api/client";
import { NOTHING } from "../../format/formats";
import { useFormat } from "../../format/useFormat";
import { useLanguage } from "../../i18n/LanguageProvider";
import { lookup } from "../../i18n/lookup";
import { limitText } from "../../parts/alarmLimit";
import { Rows } from "../../parts/Rows";
import table from "../../parts/Table.module.css";
import { useMachineName } from "../../parts/useMachineName";

export function ScrapRows({ rows }: { rows: Schemas["ScrapOut"][] }) {
  const { t } = useLanguage();
  const f = useFormat();
  const machineName = useMachineName();
  return (
    <Rows
      isStacked
      rows={rows}
      rowKey={({ id }) => String(id)}
      columns={[
        { name: t.oee.columns.start, cell: ({ at }) => f.time(at) },
        { name: t.oee.machine, isHead: true, cell: ({ machine }) => machineName(machine) },
        { name: t.report.parts, isRight: true, cell: ({ quantity }) => f.integer(quantity) },
        { name: t.report.reason, isWrapped: true, cell: ({ serial, reason, withdrawn }) => <>{serial === null ? "" : `${serial}: `}{reason}{withdrawn !== null && ` (${t.report.withdrawn})`}</> },
        { name: t.report.by, cell: ({ username }) => username },
      ]}
    />
  );
}

export function AlarmRows({ rows }: { rows: Schemas["AlarmOut"][] }) {
  const { t } = useLanguage();
  const f = useFormat();
  const machineName = useMachineName();
  return (
    <Rows
      isStacked
      rows={rows}
      rowKey={({ id }) => String(id)}
      columns={[
        { name: t.alarms.raised, cell: ({ raised }) => f.dayTime(raised) },
        { name: t.alarms.cleared, cell: ({ cleared }) => (cleared === null ? t.alarms.notCleared : f.dayTime(cleared)) },
        { name: t.oee.machine, isHead: true, cell: ({ machine }) => machineName(machine) },
        { name: t.report.what, cell: ({ id, kind, severity }) => <Link to="/alarms" search={{ show: "all", id }}>{lookup(t.alarms.kinds, kind)} · {lookup(t.alarms.severities, severity)}</Link> },
        { name: t.alarms.value, isRight: true, cell: (alarm) => <>{f.measured(alarm.value, alarm.unit)} <small className={table.soft}>{limitText(alarm, f, t)}</small></> },
        { name: t.oee.columns.state, cell: ({ state }) => lookup(t.alarms.states, state) },
      ]}
    />
  );
}

export function NoteRows({ rows }: { rows: Schemas["ReportNote"][] }) {
  const { t } = useLanguage();
  const f = useFormat();
  const machineName = useMachineName();
  return (
    <Rows
      isStacked
      rows={rows}
      rowKey={({ at }, index) => `${at} ${index}`}
      columns={[
        { name: t.oee.columns.start, cell: ({ at }) => f.dayTime(at) },
        { name: t.oee.machine, isHead: true, cell: ({ machine }) => machineName(machine) },
        { name: t.report.what, cell: ({ about }) => t.report.about[about] },
        { name: t.report.notes, isWrapped: true, cell: ({ text }) => text },
        { name: t.report.by, cell: ({ by }) => by ?? NOTHING },
      ]}
    />
  );
}
