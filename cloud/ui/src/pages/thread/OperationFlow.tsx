import { Link } from "@tanstack/react-router";
import type { Schemas } from "../../api/client";
import { useFormat } from "../../format/useFormat";
import { useLanguage } from "../../i18n/LanguageProvider";
import { Bar } from "../../parts/Bar";
import { OrderStatus } from "../../parts/OrderStatus";
import css from "./OperationFlow.module.css";

/** The operations of a work order from left to right, each with its count against the target. */
export function OperationFlow({ operations }: { operations: Schemas["OperationOut"][] }) {
  const { t } = useLanguage();
  const f = useFormat();
  return (
    <ol className={css.flow} aria-label={t.thread.operations}>
      {operations.map((each) => (
        <li className={css.step} key={each.job}>
          <div className={css.top}>
            <span>{t.thread.operation(each.sequence)}</span>
            <OrderStatus status={each.status} isSmall />
          </div>
          <Link className={css.name} to="/oee" search={{ scope: `machine:${each.machine}`, period: "shift" }}>
            {f.name(each.machine_name)}
          </Link>
          <div className={`${css.counts} tabular`}>
            <span><b>{f.integer(each.good)}</b> / {f.integer(each.target)}</span>
            <span className={css.soft}>{t.live.rejected(f.integer(each.rejected))}</span>
          </div>
          <Bar label={t.live.progress} value={each.good} of={each.target} colour="var(--running-fill)" />
          <span className={`${css.soft} tabular`}>
            {t.thread.ideal(f.decimal(each.ideal_cycle_s))}
            {" · "}
            {each.last_count === null ? t.thread.notStarted : t.thread.lastCount(f.time(each.last_count))}
          </span>
        </li>
      ))}
    </ol>
  );
}
