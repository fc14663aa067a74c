import { IconChartBar } from "@tabler/icons-react";
import { useNavigate } from "@tanstack/react-router";
import { useMemo } from "react";
import type { Schemas } from "../../../api/client";
import type { ParetoSearch } from "../../../app/search";
import { LazyChart } from "../../../chart/LazyChart";
import { usePaint } from "../../../chart/usePaint";
import { useFormat } from "../../../format/useFormat";
import { useLanguage } from "../../../i18n/LanguageProvider";
import { lookup } from "../../../i18n/lookup";
import { Card } from "../../../parts/Card";
import { Empty } from "../../../parts/Empty";
import { useIsPhone } from "../../../parts/useIsPhone";
import css from "../Downtime.module.css";
import { ParetoTable } from "./ParetoTable";
import { type Measure, paretoOption, shownValue } from "./paretoOption";
import { stopsBehind } from "./stopsBehind";

type Bar = Schemas["ParetoBar"];

interface ParetoContentProps {
  pareto: Schemas["ParetoOut"];
  scope: string;
  by: NonNullable<ParetoSearch["by"]>;
  measure: Measure;
  isOld: boolean;
}

export function ParetoContent({ pareto, scope, by, measure, isOld }: ParetoContentProps) {
  const { t } = useLanguage();
  const f = useFormat();
  const paint = usePaint();
  const navigate = useNavigate();
  const isDesk = !useIsPhone();
  const names = useMemo(() => {
    const nameOf = ({ key, name }: Bar) => (name !== null ? f.name(name) : key === null ? t.downtime.unexplained : lookup(t.losses, key));
    return pareto.bars.map(nameOf);
  }, [pareto, f, t]);
  const option = useMemo(() => paretoOption({ pareto, names, by, measure }, paint, f, t, isDesk), [pareto, names, by, measure, paint, f, t, isDesk]);
  const window = { start: pareto.start, end: pareto.end };
  const open = (bar: Bar | undefined) => {
    if (bar !== undefined) void navigate({ to: "/downtime", search: stopsBehind(bar.key, by, scope, window) });
  };
  if (pareto.bars.length === 0) {
    return <Card title={t.downtime.tabs.pareto}><Empty icon={IconChartBar} title={t.downtime.none} hint={t.downtime.noneHint} /></Card>;
  }
  const shown = Math.min(pareto.bars.length, isDesk ? 16 : 12);
  return (
    <div className={`${css.wideStack} ${isOld ? css.old : ""}`} aria-busy={isOld}>
      <dl className={`${css.figures} tabular`}>
        <div><dt>{t.downtime.lost}</dt><dd>{f.machineTime(pareto.minutes * 60)}</dd><small>{t.pareto.stops(f.integer(pareto.count))}</small></div>
        <div className={(pareto.unassigned_share ?? 0) > 0.2 ? css.urgent : undefined}><dt>{t.downtime.unexplained}</dt><dd>{f.wholePercent(pareto.unassigned_share)}</dd><small>{t.pareto.ofTime}</small></div>
        <div><dt>{t.pareto.measures.customer_impact}</dt><dd>{shownValue("customer_impact", pareto.impact, pareto.currency, f, t)}</dd><small>{t.pareto.impactUnit}</small></div>
      </dl>
      <Card title={t.pareto.title(t.pareto.bys[by], t.pareto.measures[measure])} hint={t.pareto.hint}>
        <LazyChart label={t.pareto.title(t.pareto.bys[by], t.pareto.measures[measure])} option={option} height={isDesk ? 380 : shown * 40 + 40} onPick={(index) => open(pareto.bars[index])} />
        {measure === "customer_impact" && pareto.without_order_minutes >= 1 && <p className={css.hint}>{t.pareto.withoutOrder(f.machineTime(pareto.without_order_minutes * 60))}</p>}
      </Card>
      <Card title={t.pareto.table} hint={t.pareto.impactHint} isFlush>
        <ParetoTable pareto={pareto} names={names} by={by} scope={scope} />
      </Card>
    </div>
  );
}
