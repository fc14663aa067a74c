import { Link } from "@tanstack/react-router";
import { Fragment, useState } from "react";
import { ActionIcon } from "@mantine/core";
import { IconChevronDown, IconChevronRight } from "@tabler/icons-react";
import type { Schemas } from "../../../api/client";
import type { ParetoSearch } from "../../../app/search";
import { useFormat } from "../../../format/useFormat";
import { useLanguage } from "../../../i18n/LanguageProvider";
import table from "../../../parts/Table.module.css";
import css from "../Downtime.module.css";
import { shownValue } from "./paretoOption";
import { stopsBehind } from "./stopsBehind";

interface ParetoTableProps {
  pareto: Schemas["ParetoOut"];
  names: string[];
  by: NonNullable<ParetoSearch["by"]>;
  scope: string;
}

/** All bars in figures; each opens to the orders that it held up. */
export function ParetoTable({ pareto, names, by, scope }: ParetoTableProps) {
  const { t } = useLanguage();
  const f = useFormat();
  const [opened, setOpened] = useState<string | null>(null);
  const { columns } = t.pareto;
  const window = { start: pareto.start, end: pareto.end };
  return (
    <div className={table.frame} tabIndex={0} role="group" aria-label={t.pareto.table}>
      <table className={`${table.table} ${table.stacked} ${table.figures} tabular`} aria-label={t.pareto.table}>
        <thead>
          <tr>
            <th scope="col">{t.pareto.bys[by]}</th>
            {[columns.lost, columns.count, columns.share, columns.impact, columns.orders, columns.customers].map((name) => <th key={name} scope="col" className={table.right}>{name}</th>)}
            <th scope="col" />
          </tr>
        </thead>
        <tbody>
          {pareto.bars.map((bar, at) => {
            const key = bar.key ?? "";
            const isOpen = opened === key;
            return (
              <Fragment key={key}>
                <tr>
                  <td className={css.barName} data-head>
                    <Link to="/downtime" search={stopsBehind(bar.key, by, scope, window)} className={table.link}>{names[at]}</Link>
                  </td>
                  <td className={`${table.right} ${css.noWrap}`} data-name={columns.lost} data-wide>{f.machineTime(bar.minutes * 60)}</td>
                  <td className={table.right} data-name={columns.count}>{f.integer(bar.count)}</td>
                  <td className={table.right} data-name={columns.share}>{f.percent(bar.share)}</td>
                  <td className={`${table.right} ${css.noWrap}`} data-name={columns.impact} data-wide>{shownValue("customer_impact", bar.impact, pareto.currency, f, t)}</td>
                  <td className={table.right} data-name={columns.orders}>{f.integer(bar.orders_total)}</td>
                  <td className={table.right} data-name={columns.customers}>{f.integer(bar.customers_total)}</td>
                  <td className={table.right}>
                    {bar.orders.length > 0 && (
                      <ActionIcon variant="subtle" color="gray" size="lg" aria-expanded={isOpen} aria-label={t.pareto.ordersOf(names[at] ?? "")} onClick={() => setOpened(isOpen ? null : key)}>
                        {isOpen ? <IconChevronDown size={18} /> : <IconChevronRight size={18} />}
                      </ActionIcon>
                    )}
                  </td>
                </tr>
                {isOpen && (
                  <tr className={css.held}>
                    <td colSpan={8} data-head>
                      <Held bar={bar} currency={pareto.currency} />
                    </td>
                  </tr>
                )}
              </Fragment>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}

function Held({ bar, currency }: { bar: Schemas["ParetoBar"]; currency: string }) {
  const { t } = useLanguage();
  const f = useFormat();
  return (
    <>
      <ul className={css.orders}>
        {bar.orders.map((held) => (
          <li key={`${held.order}/${held.line}`}>
            <Link to="/orders/$number" params={{ number: held.order }} className={table.link}>{held.order}</Link>
            <span>{f.name(held.customer_name)}</span>
            <span>{t.pareto.heldFor(f.machineTime(held.hours * 3600))}</span>
            <span>{t.pareto.worth(f.money(held.value_minor, currency))}</span>
          </li>
        ))}
      </ul>
      {bar.orders_total > bar.orders.length && <p className={css.hint}>{t.pareto.moreOrders(f.integer(bar.orders_total - bar.orders.length))}</p>}
    </>
  );
}
