import { IconArrowDown } from "@tabler/icons-react";
import { useSuspenseQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { Schemas } from "../../api/client";
import { type OeeAsked, plantQuery } from "../../api/queries";
import { useFormat } from "../../format/useFormat";
import { useLanguage } from "../../i18n/LanguageProvider";
import { PagedTable } from "../../parts/PagedTable";
import table from "../../parts/Table.module.css";

/** The machines of a scope side by side; each name leads to the machine's own figures. */
export function MachineTable({ machines, asked }: { machines: Schemas["MachineOee"][]; asked: OeeAsked }) {
  const { t } = useLanguage();
  const f = useFormat();
  const { data: plant } = useSuspenseQuery(plantQuery);
  const known = plant.areas.flatMap((area) => area.lines.flatMap((line) => line.machines));
  const { scope: _, ...window } = asked;
  const figures = ["oee", "availability", "effectiveness", "quality", "coverage"] as const;
  return (
    <PagedTable
      label={t.oee.machines}
      isStacked="figures"
      rows={machines}
      rowKey={({ machine }) => machine}
      columns={[
        {
          name: t.oee.machine,
          isHead: true,
          cell: ({ machine }) => {
            const name = known.find(({ id }) => id === machine)?.name;
            return (
              <>
                <Link className={table.link} to="/oee" search={{ ...window, scope: `machine:${machine}` }}>
                  {name === undefined ? machine : f.name(name)}
                </Link>{" "}
                <span className={table.soft}>{machine}</span>
              </>
            );
          },
        },
        ...figures.map((name) => ({
          name: t.figures[name],
          isRight: true,
          cell: ({ figure, off_target }: Schemas["MachineOee"]) => {
            const shown = name === "oee" ? <b>{f.percent(figure[name])}</b> : f.percent(figure[name]);
            if (!off_target.includes(name)) return shown;
            return <span style={{ color: "var(--breakdown)", whiteSpace: "nowrap" }} title={t.indicators.isBelow}><IconArrowDown size={13} aria-label={t.indicators.isBelow} /> {shown}</span>;
          },
        })),
        { name: t.oee.goodParts, isRight: true, cell: ({ figure }) => f.integer(figure.good) },
        { name: t.oee.rejectedParts, isRight: true, cell: ({ figure }) => f.integer(figure.rejected) },
      ]}
    />
  );
}
