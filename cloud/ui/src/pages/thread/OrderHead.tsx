import { IconUserHeart } from "@tabler/icons-react";
import type { Schemas } from "../../api/client";
import { useFormat } from "../../format/useFormat";
import { useLanguage } from "../../i18n/LanguageProvider";
import { OrderStatus } from "../../parts/OrderStatus";
import css from "./OrderHead.module.css";

/** For whom all of it is made. */
export function OrderHead({ order }: { order: Schemas["OrderOut"] }) {
  const { t } = useLanguage();
  const f = useFormat();
  const facts = [
    [t.orders.columns.number, order.number],
    [t.thread.entered, f.dayTime(order.entered)],
    [t.thread.value, f.money(order.value_minor, order.currency)],
  ] as const;
  return (
    <section className={css.head} aria-label={t.orders.columns.customer}>
      <div className={css.customer}>
        <span className={css.mark}><IconUserHeart size={24} stroke={1.6} aria-hidden /></span>
        <div>
          <div className={css.label}>{t.orders.columns.customer}</div>
          <div className={css.name}>{f.name(order.customer.name)}</div>
        </div>
      </div>
      {facts.map(([label, value]) => (
        <div key={label}>
          <div className={css.label}>{label}</div>
          <div className={`${css.value} tabular`}>{value}</div>
        </div>
      ))}
      <OrderStatus status={order.status} />
    </section>
  );
}
