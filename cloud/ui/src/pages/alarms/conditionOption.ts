import type { EChartsOption } from "echarts";
import type { Schemas } from "../../api/client";
import { dress } from "../../chart/dress";
import type { Paint } from "../../chart/usePaint";
import type { Formats } from "../../format/formats";
import type { zh } from "../../i18n/zh";

/** Samples as dots, EWMA as a line, baseline and limit across, the moment of the alarm upright. */
export function conditionOption(
  condition: Schemas["ConditionOut"],
  raised: string,
  paint: Paint,
  f: Formats,
  t: typeof zh,
): EChartsOption {
  const clothes = dress(paint);
  // The labels lie on the far sides of their lines: baseline and limit are often close together.
  const across = [
    { at: condition.baseline, name: t.alarms.baseline, colour: paint.state("running"), side: "top" as const },
    { at: condition.limit, name: t.alarms.limit, colour: paint.red, side: "bottom" as const },
  ].flatMap(({ at, name, colour, side }) =>
    at === null
      ? []
      : [{ yAxis: at, lineStyle: { color: colour, type: "dashed" as const, width: 1.6 }, label: { formatter: `${name}\n${f.decimal2(at)}`, color: paint.ink, position: "end" as const, verticalAlign: side } }],
  );
  const upright = { xAxis: Date.parse(raised), lineStyle: { color: paint.red, type: "solid" as const, width: 1.4 }, label: { formatter: t.alarms.raised, color: paint.ink, position: "end" as const } };
  const top = Math.max(condition.limit ?? 0, ...condition.points.map(({ value }) => value));
  return {
    textStyle: clothes.textStyle,
    animation: false,
    grid: { left: 4, right: 92, top: 46, bottom: 4, outerBoundsMode: "same", outerBoundsContain: "axisLabel" },
    legend: { top: 0, left: 0, textStyle: { color: paint.ink, fontSize: 12.5 }, itemGap: 16, itemWidth: 16, itemHeight: 8 },
    tooltip: {
      ...clothes.tooltip,
      trigger: "axis",
      valueFormatter: (value) => f.measured(typeof value === "number" ? value : null, condition.unit),
      axisPointer: { label: { formatter: ({ value }) => f.dayTime(Number(value)) } },
    },
    xAxis: { type: "time", ...clothes.axis, splitLine: { show: false }, axisLabel: { ...clothes.axis.axisLabel, formatter: (ms: number) => f.time(ms) } },
    yAxis: { type: "value", min: 0, max: Math.ceil(top * 1.1 * 2) / 2, ...clothes.axis },
    series: [
      {
        id: "samples",
        name: t.alarms.sample,
        type: "line",
        lineStyle: { width: 0 },
        symbol: "circle",
        symbolSize: 3.2,
        showAllSymbol: true,
        color: paint.state("planned_stop"),
        sampling: "lttb",
        data: condition.points.map(({ at, value }) => [Date.parse(at), value]),
      },
      {
        id: "ewma",
        name: t.alarms.ewma,
        type: "line",
        showSymbol: false,
        lineStyle: { width: 2.6 },
        color: paint.brand,
        data: condition.points.map(({ at, ewma }) => [Date.parse(at), ewma]),
        markLine: { symbol: "none", silent: true, animation: false, data: [...across, upright] },
      },
    ],
  };
}
