import { Text } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import type { Schemas } from "../../api/client";
import { useFormat } from "../../format/useFormat";
import { NOTHING } from "../../format/formats";
import { useLanguage } from "../../i18n/LanguageProvider";
import { PagedTable } from "../../parts/PagedTable";
import table from "../../parts/Table.module.css";

export function JobTable({ jobs }: { jobs: Schemas["JobSegment"][] }) {
  const { t } = useLanguage();
  const f = useFormat();
  if (jobs.length === 0) return <Text c="var(--ink-soft)" py="md">{t.oee.noSegments}</Text>;
  const ideal = (each: Schemas["JobSegment"]) => (each.ideal_cycle_s ?? 0) * (each.good + each.rejected);
  const { columns } = t.oee;
  return (
    <>
      <Text fz="sm" mb={4} className="tabular">
        {t.oee.terms.idealAll} <b>{f.machineTime(jobs.reduce((sum, each) => sum + ideal(each), 0))}</b>
      </Text>
      <PagedTable
        label={t.oee.jobs}
        rows={jobs}
        rowKey={({ start, job }) => `${start}/${job}`}
        columns={[
          { name: columns.start, cell: ({ start }) => f.dayTime(start) },
          { name: columns.end, cell: ({ end }) => f.time(end) },
          { name: columns.job, isRight: true, cell: ({ job }) => (job === 0 ? NOTHING : job) },
          {
            name: columns.order,
            cell: ({ order }) =>
              order === null ? NOTHING : <Link className={table.link} to="/orders/$number" params={{ number: order }}>{order}</Link>,
          },
          { name: columns.customer, cell: ({ customer, customer_name }) => (customer_name === null ? (customer ?? NOTHING) : f.name(customer_name)) },
          { name: columns.product, cell: ({ product }) => product ?? NOTHING },
          { name: columns.good, isRight: true, cell: ({ good }) => f.integer(good) },
          { name: columns.rejected, isRight: true, cell: ({ rejected }) => f.integer(rejected) },
          { name: columns.ideal, isRight: true, cell: ({ ideal_cycle_s }) => (ideal_cycle_s === null ? NOTHING : t.standards.seconds(f.decimal(ideal_cycle_s))) },
          { name: columns.idealTime, isRight: true, cell: (each) => f.machineTime(ideal(each)) },
        ]}
      />
    </>
  );
}
