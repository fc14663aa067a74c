import { Box, Skeleton } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import type { Schemas } from "../../api/client";
import { type OeeAsked, oeeGroupsQuery } from "../../api/queries";
import { useFormat } from "../../format/useFormat";
import { useLanguage } from "../../i18n/LanguageProvider";
import { Card } from "../../parts/Card";
import { Loaded } from "../../parts/Loaded";
import { PagedTable } from "../../parts/PagedTable";
import table from "../../parts/Table.module.css";

/** The figures of each product that ran, each with its own ideal cycle. */
export function ProductCard({ oee, asked }: { oee: Schemas["OeeOut"]; asked: OeeAsked }) {
  const { t } = useLanguage();
  const f = useFormat();
  const subject = asked.policy === undefined ? { scope: asked.scope } : { scope: asked.scope, policy: asked.policy };
  const query = useQuery(oeeGroupsQuery({ ...subject, start: oee.start, end: oee.end, by: "product" }));
  return (
    <Card title={t.indicators.products} hint={t.indicators.productsHint} isFlush>
      <Loaded query={query} skeleton={<Box p="md"><Skeleton h={160} /></Box>}>
        {({ groups }) => (
          <PagedTable
            label={t.indicators.products}
            isStacked="figures"
            rows={groups}
            rowKey={({ key }) => key}
            columns={[
              { name: t.oee.columns.product, isHead: true, cell: ({ key, name }) => (key === "" ? <span className={table.soft}>{t.indicators.noProduct}</span> : <><b>{name === null ? key : f.name(name)}</b> <span className={table.soft}>{key}</span></>) },
              ...(["oee", "availability", "effectiveness", "quality", "coverage"] as const).map((figure) => ({ name: t.figures[figure], isRight: true, cell: (row: Schemas["OeeGroup"]) => f.percent(row.figure[figure]) })),
              { name: t.oee.planned, isRight: true, cell: ({ figure }) => f.machineTime(figure.planned_s) },
              { name: t.oee.goodParts, isRight: true, cell: ({ figure }) => f.integer(figure.good) },
              { name: t.oee.rejectedParts, isRight: true, cell: ({ figure }) => f.integer(figure.rejected) },
              { name: t.indicators.reworked, isRight: true, cell: ({ figure }) => f.integer(figure.reworked) },
            ]}
          />
        )}
      </Loaded>
    </Card>
  );
}
