import { Link } from "@tanstack/react-router";
import type { Schemas } from "../../api/client";
import { NOTHING } from "../../format/formats";
import { useFormat } from "../../format/useFormat";
import { useLanguage } from "../../i18n/LanguageProvider";
import { Rows } from "../../parts/Rows";
import { useMachineName } from "../../parts/useMachineName";
import { Section } from "./Section";

/** Parts by machine and order; those of a line's last station are finished. */
export function CountRows({ report }: { report: Schemas["ShiftReport"] }) {
  const { t } = useLanguage();
  const f = useFormat();
  const machineName = useMachineName();
  const { counts, counted_outside: outside } = report;
  return (
    <Section title={t.report.counts} {...(outside > 0 ? { hint: t.report.outside(f.integer(outside)) } : {})} isEmpty={counts.length === 0} empty={t.report.noCounts}>
      <Rows
        isStacked
        rows={counts}
        rowKey={({ machine, job }) => `${machine} ${job}`}
        isTotal={({ last }) => last}
        columns={[
          { name: t.oee.columns.order, cell: ({ order }) => (order === null ? NOTHING : <Link to="/orders/$number" params={{ number: order }}>{order}</Link>) },
          { name: t.oee.columns.customer, cell: ({ customer }) => (customer === null ? NOTHING : f.name(customer)) },
          { name: t.oee.columns.product, cell: ({ product, product_name: name }) => (name === null ? (product ?? NOTHING) : f.name(name)) },
          { name: t.oee.machine, isHead: true, cell: ({ machine, last }) => <>{machineName(machine)}{last && <small> {t.report.finished}</small>}</> },
          { name: t.oee.columns.good, isRight: true, cell: ({ good }) => f.integer(good) },
          { name: t.oee.columns.rejected, isRight: true, cell: ({ rejected }) => f.integer(rejected) },
          { name: t.report.progress, isRight: true, cell: ({ order_good: good, order_target: target }) => (good === null || target === null ? NOTHING : `${f.integer(good)} / ${f.integer(target)}`) },
        ]}
      />
    </Section>
  );
}
