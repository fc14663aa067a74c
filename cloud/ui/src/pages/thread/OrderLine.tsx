import type { Schemas } from "../../api/client";
import { NOTHING } from "../../format/formats";
import { useFormat } from "../../format/useFormat";
import { useLanguage } from "../../i18n/LanguageProvider";
import { Bar } from "../../parts/Bar";
import { OrderStatus } from "../../parts/OrderStatus";
import css from "./OrderLine.module.css";
import { WorkOrder } from "./WorkOrder";

interface OrderLineProps {
  line: Schemas["OrderLineOut"];
  threads: Schemas["WorkOrderThread"][];
  onMoreEvents: (() => void) | null;
  onMoreUnits: (() => void) | null;
}

/** What was ordered, its four dates, and the work orders that make it. */
export function OrderLine({ line, threads, onMoreEvents, onMoreUnits }: OrderLineProps) {
  const { t } = useLanguage();
  const f = useFormat();
  const quantity = Number(line.quantity);
  const dates = [
    [t.thread.dates.due, line.customer_due],
    [t.thread.dates.promised, line.promised],
    [t.thread.dates.forecast, line.forecast],
    [t.thread.dates.actual, line.actual],
  ] as const;
  return (
    <section className={css.line} aria-label={t.thread.line(line.line)}>
      <span className={css.knot} aria-hidden />
      <div className={css.card}>
        <div className={css.head}>
          <div className={css.what}>
            <div className={css.soft}>{t.thread.line(line.line)} · {line.product}</div>
            <h2>{f.name(line.product_name)}</h2>
          </div>
          <dl className={`${css.dates} tabular`}>
            {dates.map(([name, at]) => (
              <div key={name}>
                <dt>{name}</dt>
                <dd>{at === null ? NOTHING : f.dayTime(at)}</dd>
              </div>
            ))}
          </dl>
          <OrderStatus status={line.status} />
          <div className={css.progress}>
            <div className={`${css.row} tabular`}>
              <b>{t.orders.pieces(f.integer(line.good), f.integer(quantity))}</b>
              <span className={css.soft}>{f.percent(quantity > 0 ? line.good / quantity : null)}</span>
            </div>
            <Bar label={t.orders.columns.progress} value={line.good} of={quantity} height={8} colour="var(--running-fill)" />
          </div>
        </div>
        {threads.length === 0 && <div className={css.none}>{t.thread.noWorkOrder}</div>}
        {threads.map((thread) => (
          <WorkOrder key={thread.work_order.number} thread={thread} onMoreEvents={onMoreEvents} onMoreUnits={onMoreUnits} />
        ))}
      </div>
    </section>
  );
}
