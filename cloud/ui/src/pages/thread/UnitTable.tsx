import type { Schemas } from "../../api/client";
import { useFormat } from "../../format/useFormat";
import { useLanguage } from "../../i18n/LanguageProvider";
import table from "../../parts/Table.module.css";

/** Single parts with the tag that was bound to each, newest first. */
export function UnitTable({ units }: { units: Schemas["UnitOut"][] }) {
  const { t } = useLanguage();
  const f = useFormat();
  const { columns } = t.thread;
  return (
    <table className={`${table.table} ${table.tight} tabular`} aria-label={t.thread.units}>
      <thead>
        <tr>
          <th scope="col">{columns.serial}</th>
          <th scope="col">{columns.made}</th>
          <th scope="col">{columns.epc}</th>
          <th scope="col">{columns.tagged}</th>
        </tr>
      </thead>
      <tbody>
        {units.map((unit) => (
          <tr key={unit.serial}>
            <td>{unit.serial}</td>
            <td>{f.timeWithSeconds(unit.made)}</td>
            <td className={unit.epc === null ? table.soft : table.mono}>{unit.epc ?? t.thread.noTag}</td>
            <td>{f.timeWithSeconds(unit.tagged)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
