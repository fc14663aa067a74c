import { Link } from "@tanstack/react-router";
import type { Schemas } from "../../api/client";
import { useFormat } from "../../format/useFormat";
import { useLanguage } from "../../i18n/LanguageProvider";
import { Bar } from "../../parts/Bar";
import { OrderStatus } from "../../parts/OrderStatus";
import css from "./OrderList.module.css";

/** Orders as rows on a desk, as cards on a phone; a whole row leads to the order's thread. */
export function OrderList({ orders }: { orders: Schemas["OrderOut"][] }) {
  const { t } = useLanguage();
  const { columns } = t.orders;
  const heads = [columns.number, columns.customer, columns.products, columns.progress, columns.due];
  return (
    <div className={css.frame}>
      <table className={`${css.list} tabular`} aria-label={t.orders.title}>
        <thead>
          <tr>
            {heads.map((name) => <th key={name} scope="col">{name}</th>)}
            <th scope="col" className={css.right}>{columns.value}</th>
            <th scope="col">{columns.status}</th>
          </tr>
        </thead>
        <tbody>
          {orders.map((order) => <OrderRow key={order.number} order={order} />)}
        </tbody>
      </table>
    </div>
  );
}

function OrderRow({ order }: { order: Schemas["OrderOut"] }) {
  const { t } = useLanguage();
  const f = useFormat();
  const good = order.lines.reduce((sum, line) => sum + line.good, 0);
  const target = order.lines.reduce((sum, line) => sum + Number(line.quantity), 0);
  const due = order.lines.map((line) => line.customer_due).sort()[0];
  return (
    <tr>
      <td>
        <Link className={css.number} to="/orders/$number" params={{ number: order.number }}>{order.number}</Link>
        <span className={css.entered}>{t.thread.entered} {f.dayTime(order.entered)}</span>
      </td>
      <td>{f.name(order.customer.name)}</td>
      <td>
        <div className={css.products}>
          {order.lines.map((line) => (
            <span key={line.line}>
              {f.name(line.product_name)} <span className={css.soft}>{line.product} · {t.thread.quantity(f.integer(Number(line.quantity)))}</span>
            </span>
          ))}
        </div>
      </td>
      <td>
        <div className={css.progress}>
          <span className={css.soft}>{t.orders.pieces(f.integer(good), f.integer(target))}</span>
          <Bar label={t.orders.columns.progress} value={good} of={target} height={5} colour="var(--running-fill)" />
        </div>
      </td>
      <td className={css.due}>{f.dayTime(due)}</td>
      <td className={css.right}>{f.money(order.value_minor, order.currency)}</td>
      <td><OrderStatus status={order.status} isSmall /></td>
    </tr>
  );
}
