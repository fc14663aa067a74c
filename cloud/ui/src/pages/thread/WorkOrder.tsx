import { Button } from "@mantine/core";
import type { ReactNode } from "react";
import type { Schemas } from "../../api/client";
import { useFormat } from "../../format/useFormat";
import { useLanguage } from "../../i18n/LanguageProvider";
import { OrderStatus } from "../../parts/OrderStatus";
import { EventList } from "./EventList";
import { OperationFlow } from "./OperationFlow";
import { ReworkMark } from "./ReworkMark";
import { UnitTable } from "./UnitTable";
import css from "./WorkOrder.module.css";

interface WorkOrderProps {
  thread: Schemas["WorkOrderThread"];
  onMoreEvents: (() => void) | null;
  onMoreUnits: (() => void) | null;
}

/** A work order: its operations in flow order, what happened on their machines, the parts it made. */
export function WorkOrder({ thread, onMoreEvents, onMoreUnits }: WorkOrderProps) {
  const { t } = useLanguage();
  const f = useFormat();
  const { work_order: work, events, events_total, units, units_total } = thread;
  const names = new Map(work.operations.map(({ machine, machine_name }) => [machine, f.name(machine_name)]));
  return (
    <div className={css.work}>
      <h3 className={`${css.title} tabular`}>
        {t.thread.workOrder(work.number)}
        <OrderStatus status={work.status} isSmall />
        <ReworkMark work={work} />
      </h3>
      <OperationFlow operations={work.operations} />
      <div className={css.below}>
        <Part title={t.thread.events} shown={events.length} total={events_total} onMore={onMoreEvents} quiet={t.thread.noEvents}>
          <EventList events={events} names={names} />
        </Part>
        <Part title={t.thread.units} shown={units.length} total={units_total} onMore={onMoreUnits} quiet={t.thread.noUnits}>
          <UnitTable units={units} />
        </Part>
      </div>
    </div>
  );
}

interface PartProps {
  title: string;
  shown: number;
  total: number;
  quiet: string;
  onMore: (() => void) | null;
  children: ReactNode;
}

function Part({ title, shown, total, quiet, onMore, children }: PartProps) {
  const { t } = useLanguage();
  const f = useFormat();
  return (
    <section className={css.part} aria-label={title}>
      <h4>
        {title}
        <span className="tabular">{t.thread.shown(f.integer(shown), f.integer(total))}</span>
      </h4>
      <div className={css.box}>
        {shown === 0 ? (
          <div className={css.quiet}>{quiet}</div>
        ) : (
          <div className={css.scroll} tabIndex={0} role="group" aria-label={title}>
            {children}
            {shown < total && onMore !== null && (
              <Button fullWidth variant="subtle" size="sm" radius={0} onClick={onMore}>{t.thread.more}</Button>
            )}
          </div>
        )}
      </div>
    </section>
  );
}
