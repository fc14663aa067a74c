import type { EChartsOption } from "echarts";
import type { Schemas } from "../../../api/client";
import type { ParetoSearch } from "../../../app/search";
import { dress, escapeHtml } from "../../../chart/dress";
import type { Paint } from "../../../chart/usePaint";
import type { Formats } from "../../../format/formats";
import type { zh } from "../../../i18n/zh";

export type Measure = NonNullable<ParetoSearch["measure"]>;

interface Asked {
  pareto: Schemas["ParetoOut"];
  names: string[];
  by: NonNullable<ParetoSearch["by"]>;
  measure: Measure;
}

const MOST_UPRIGHT = 16;
const MOST_LYING = 12;

export function valueOf(bar: Schemas["ParetoBar"], measure: Measure): number {
  return { minutes: bar.minutes, count: bar.count, customer_impact: bar.impact }[measure];
}

/** A value as people read it; impact is money times hours. */
export function shownValue(measure: Measure, value: number, currency: string, f: Formats, t: typeof zh): string {
  if (measure === "minutes") return f.machineTime(value * 60);
  if (measure === "count") return f.integer(value);
  return t.pareto.moneyHours(f.shortMoney(value, currency));
}

const HOURS_FROM_MIN = 120;

/** What the axis of a measure is called and how a value lies on it: times in one unit, whole hours as soon as they are some. */
export function axisOf(measure: Measure, greatest: number, currency: string, f: Formats, t: typeof zh): { name: string; per: number; tick: (value: number) => string } {
  if (measure === "count") return { name: t.pareto.columns.count, per: 1, tick: f.integer };
  if (measure === "customer_impact") return { name: t.pareto.axis(t.pareto.measures.customer_impact, t.pareto.impactUnit), per: 1, tick: (value) => f.shortMoney(value, currency) };
  const isHours = greatest >= HOURS_FROM_MIN;
  return { name: t.pareto.axis(t.downtime.lost, isHours ? t.pareto.hours : t.pareto.minutes), per: isHours ? 60 : 1, tick: f.number };
}

/** Bars with the running share above them on a desk; bars lying under each other on a phone, where names need room. */
export function paretoOption({ pareto, names, by, measure }: Asked, paint: Paint, f: Formats, t: typeof zh, isDesk: boolean): EChartsOption {
  const clothes = dress(paint);
  const bars = pareto.bars.slice(0, isDesk ? MOST_UPRIGHT : MOST_LYING);
  const axis = axisOf(measure, Math.max(0, ...bars.map((bar) => valueOf(bar, measure))), pareto.currency, f, t);
  const shown = ({ value }: { value?: unknown }) => shownValue(measure, Number(value) * axis.per, pareto.currency, f, t);
  const data = bars.map((bar) => ({
    value: valueOf(bar, measure) / axis.per,
    itemStyle: { color: bar.key === null ? paint.state("breakdown") : bar.key === "minor_stops" ? paint.state("jammed") : by === "category" ? paint.state(bar.key === "waiting" ? "starved" : (bar.key ?? "")) : paint.brand, borderRadius: isDesk ? [5, 5, 0, 0] : [0, 5, 5, 0] },
  }));
  const tooltip = {
    ...clothes.tooltip,
    trigger: "item" as const,
    formatter: (params: unknown) => {
      const at = (params as { dataIndex: number }).dataIndex;
      const bar = bars[at];
      if (bar === undefined) return "";
      const rows = [
        `${escapeHtml(t.downtime.lost)}: ${escapeHtml(f.machineTime(bar.minutes * 60))}`,
        escapeHtml(t.pareto.stops(f.integer(bar.count))),
        `${escapeHtml(t.pareto.share)}: ${f.percent(bar.share)} · ${escapeHtml(t.pareto.cumulative)}: ${f.percent(bar.cumulative)}`,
        ...(bar.orders_total > 0 ? [escapeHtml(t.pareto.hit(f.integer(bar.orders_total), f.integer(bar.customers_total)))] : []),
      ];
      return [`<b>${escapeHtml(names[at] ?? "")}</b>`, ...rows].join("<br>");
    },
  };
  const category = {
    type: "category" as const,
    data: names.slice(0, bars.length),
    ...clothes.axis,
    splitLine: { show: false },
  };
  const series = {
    id: "bars",
    type: "bar" as const,
    cursor: "pointer",
    barMaxWidth: isDesk ? 64 : 22,
    data,
  };
  if (!isDesk) {
    return {
      textStyle: clothes.textStyle,
      animation: false,
      tooltip,
      grid: { left: 4, right: 92, top: 4, bottom: 4, outerBoundsMode: "same", outerBoundsContain: "axisLabel" },
      xAxis: { type: "value", show: false },
      yAxis: { ...category, inverse: true, axisLabel: { color: paint.ink, fontSize: 12.5, width: 118, overflow: "break", lineHeight: 14 } },
      series: [{ ...series, label: { show: true, position: "right", color: paint.ink, fontSize: 12, formatter: shown } }],
    };
  }
  return {
    textStyle: clothes.textStyle,
    animation: false,
    tooltip,
    grid: { left: 8, right: 8, top: 46, bottom: 4, outerBoundsMode: "same", outerBoundsContain: "axisLabel" },
    xAxis: { ...category, axisLabel: { color: paint.ink, fontSize: 12.5, interval: 0, width: 104, overflow: "break", lineHeight: 15 } },
    yAxis: [
      { type: "value", name: axis.name, nameTextStyle: { color: paint.soft, fontSize: 12, align: "left", padding: [0, 0, 6, -34] }, ...clothes.axis, axisLabel: { ...clothes.axis.axisLabel, formatter: axis.tick } },
      { type: "value", name: t.pareto.cumulativeShare, nameTextStyle: { color: paint.soft, fontSize: 12, align: "right", padding: [0, -34, 6, 0] }, min: 0, max: 1, ...clothes.axis, splitLine: { show: false }, axisLabel: { ...clothes.axis.axisLabel, formatter: (value: number) => f.wholePercent(value) } },
    ],
    series: [
      { ...series, label: { show: true, position: "top", color: paint.ink, fontSize: 12, formatter: shown } },
      {
        id: "cumulative",
        type: "line",
        yAxisIndex: 1,
        data: bars.map(({ cumulative }) => cumulative),
        symbolSize: 6,
        lineStyle: { color: paint.soft, width: 2 },
        itemStyle: { color: paint.soft },
        tooltip: { show: true },
      },
    ],
  };
}
