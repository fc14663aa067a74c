import { Link } from "@tanstack/react-router";
import type { Schemas } from "../../api/client";
import { NOTHING } from "../../format/formats";
import { useFormat } from "../../format/useFormat";
import { useLanguage } from "../../i18n/LanguageProvider";
import { lookup } from "../../i18n/lookup";
import { useMachineName } from "../../parts/useMachineName";

export function ScrapRows({ rows }: { rows: Schemas["ScrapOut"][] }) {
  const { t } = useLanguage();
  const f = useFormat();
  const machineName = useMachineName();
  return (
    <table className="tabular">
      <thead>
        <tr>
          <th scope="col">{t.oee.columns.start}</th>
          <th scope="col">{t.oee.machine}</th>
          <th scope="col" data-right>{t.report.parts}</th>
          <th scope="col">{t.report.reason}</th>
          <th scope="col">{t.report.by}</th>
        </tr>
      </thead>
      <tbody>
        {rows.map((row) => (
          <tr key={row.id}>
            <td>{f.time(row.at)}</td>
            <td>{machineName(row.machine)}</td>
            <td data-right>{f.integer(row.quantity)}</td>
            <td data-wrap>{row.serial === null ? "" : `${row.serial}: `}{row.reason}{row.withdrawn !== null && ` (${t.report.withdrawn})`}</td>
            <td>{row.username}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

export function AlarmRows({ rows }: { rows: Schemas["AlarmOut"][] }) {
  const { t } = useLanguage();
  const f = useFormat();
  const machineName = useMachineName();
  return (
    <table className="tabular">
      <thead>
        <tr>
          <th scope="col">{t.alarms.raised}</th>
          <th scope="col">{t.alarms.cleared}</th>
          <th scope="col">{t.oee.machine}</th>
          <th scope="col">{t.report.what}</th>
          <th scope="col" data-right>{t.alarms.value}</th>
          <th scope="col">{t.oee.columns.state}</th>
        </tr>
      </thead>
      <tbody>
        {rows.map((row) => (
          <tr key={row.id}>
            <td>{f.dayTime(row.raised)}</td>
            <td>{row.cleared === null ? t.alarms.notCleared : f.dayTime(row.cleared)}</td>
            <td>{machineName(row.machine)}</td>
            <td><Link to="/alarms" search={{ show: "all", id: row.id }}>{lookup(t.alarms.kinds, row.kind)} · {lookup(t.alarms.severities, row.severity)}</Link></td>
            <td data-right>{f.decimal2(row.value)} {row.unit}</td>
            <td>{lookup(t.alarms.states, row.state)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

export function NoteRows({ rows }: { rows: Schemas["ReportNote"][] }) {
  const { t } = useLanguage();
  const f = useFormat();
  const machineName = useMachineName();
  return (
    <table className="tabular">
      <thead>
        <tr>
          <th scope="col">{t.oee.columns.start}</th>
          <th scope="col">{t.oee.machine}</th>
          <th scope="col">{t.report.what}</th>
          <th scope="col">{t.report.notes}</th>
          <th scope="col">{t.report.by}</th>
        </tr>
      </thead>
      <tbody>
        {rows.map((row, at) => (
          <tr key={`${row.at} ${at}`}>
            <td>{f.dayTime(row.at)}</td>
            <td>{machineName(row.machine)}</td>
            <td>{t.report.about[row.about]}</td>
            <td data-wrap>{row.text}</td>
            <td>{row.by ?? NOTHING}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
