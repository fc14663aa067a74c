import { Link } from "@tanstack/react-router";
import type { Schemas } from "../../api/client";
import { NOTHING } from "../../format/formats";
import { useFormat } from "../../format/useFormat";
import { useLanguage } from "../../i18n/LanguageProvider";
import { useMachineName } from "../../parts/useMachineName";
import { Section } from "./Section";

/** Parts by machine and order; those of a line's last machine are finished. */
export function CountRows({ report }: { report: Schemas["ShiftReport"] }) {
  const { t } = useLanguage();
  const f = useFormat();
  const machineName = useMachineName();
  const { counts, counted_outside: outside } = report;
  return (
    <Section title={t.report.counts} {...(outside > 0 ? { hint: t.report.outside(f.integer(outside)) } : {})} isEmpty={counts.length === 0} empty={t.report.noCounts}>
      <table className="tabular">
        <thead>
          <tr>
            <th scope="col">{t.oee.columns.order}</th>
            <th scope="col">{t.oee.columns.customer}</th>
            <th scope="col">{t.oee.columns.product}</th>
            <th scope="col">{t.oee.machine}</th>
            <th scope="col" data-right>{t.oee.columns.good}</th>
            <th scope="col" data-right>{t.oee.columns.rejected}</th>
            <th scope="col" data-right>{t.report.progress}</th>
          </tr>
        </thead>
        <tbody>
          {counts.map((row) => (
            <tr key={`${row.machine} ${row.job}`} data-total={row.last || undefined}>
              <td>{row.order === null ? NOTHING : <Link to="/orders/$number" params={{ number: row.order }}>{row.order}</Link>}</td>
              <td>{row.customer === null ? NOTHING : f.name(row.customer)}</td>
              <td>{row.product_name === null ? (row.product ?? NOTHING) : f.name(row.product_name)}</td>
              <td>{machineName(row.machine)}{row.last && <small> {t.report.finished}</small>}</td>
              <td data-right>{f.integer(row.good)}</td>
              <td data-right>{f.integer(row.rejected)}</td>
              <td data-right>{row.order_good === null || row.order_target === null ? NOTHING : `${f.integer(row.order_good)} / ${f.integer(row.order_target)}`}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Section>
  );
}
