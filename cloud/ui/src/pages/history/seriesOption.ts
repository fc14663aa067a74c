import type { EChartsOption, LineSeriesOption } from "echarts";
import type { Schemas } from "../../api/client";
import { dress, escapeHtml } from "../../chart/dress";
import type { Paint } from "../../chart/usePaint";
import type { Formats } from "../../format/formats";
import type { zh } from "../../i18n/zh";
import { shownValue } from "./shownValue";

type Series = Schemas["HistorySeries"];
const GOOD = 192;

/** Colours that stay apart in both schemes and for most eyes that see fewer colours. */
export const COLOURS = ["#0f8b8d", "#e07a1f", "#5b6ee1", "#c2417c", "#7a9a01", "#9a6b3f", "#3aa0d8", "#8a8f99"];

export function colourOf(index: number): string {
  return COLOURS[index % COLOURS.length] ?? "#0f8b8d";
}

type Value = number | string | null;

/** The numbers of a series as [ms, value]; the value that stood before begins it, a bad one breaks the line. */
export function lineOf(series: Series, startMs: number): [number, Value][] {
  if (series.window_s !== null) return series.windows.map(({ at, time_weighted }) => [Date.parse(at), time_weighted]);
  const first: [number, Value][] = typeof series.before === "number" ? [[startMs, series.before]] : [];
  return [...first, ...series.points.map(({ at, value, quality }): [number, Value] => [Date.parse(at), quality === GOOD ? value : null])];
}

/** Whether a series holds texts, which are marks on the time axis rather than a line. */
export function isText(series: Series): boolean {
  return series.points.some(({ value }) => typeof value === "string");
}

export interface Look {
  names: string[];
  paint: Paint;
  f: Formats;
  t: typeof zh;
}

/** Several signals over one time, each with an axis of its own; the first two show theirs. */
export function seriesOption(found: Schemas["HistoryOut"], look: Look): EChartsOption {
  const { paint, f, t } = look;
  const clothes = dress(paint);
  const [startMs, endMs] = [Date.parse(found.start), Date.parse(found.end)];
  const isLong = endMs - startMs > 26 * 3_600_000;
  return {
    textStyle: clothes.textStyle,
    animation: false,
    grid: { left: 8, right: 8, top: 30, bottom: 52, outerBoundsMode: "same", outerBoundsContain: "axisLabel" },
    tooltip: {
      ...clothes.tooltip,
      trigger: "axis",
      formatter: (params) => tip(params, found, look),
    },
    dataZoom: [
      { type: "inside", filterMode: "none", startValue: startMs, endValue: endMs },
      { type: "slider", filterMode: "none", height: 22, borderColor: paint.line, fillerColor: `${paint.brand}26`, handleStyle: { color: paint.card, borderColor: paint.soft }, moveHandleStyle: { color: paint.line }, textStyle: { color: paint.soft }, bottom: 8, labelFormatter: (ms) => f.dayTime(Number(ms)), startValue: startMs, endValue: endMs },
    ],
    xAxis: {
      type: "time",
      min: startMs,
      max: endMs,
      ...clothes.axis,
      splitLine: { show: false },
      axisLabel: { ...clothes.axis.axisLabel, formatter: (ms: number) => f.tick(ms, isLong) },
    },
    yAxis: found.series.map((series, index) => ({
      type: isText(series) ? ("category" as const) : ("value" as const),
      scale: true,
      show: index < 2,
      position: index % 2 === 0 ? ("left" as const) : ("right" as const),
      name: look.names[index] ?? "",
      nameLocation: "end" as const,
      nameTextStyle: { color: found.series.length > 1 ? colourOf(index) : paint.soft, fontSize: 12, align: index % 2 === 0 ? ("left" as const) : ("right" as const) },
      ...clothes.axis,
      axisLabel: { ...clothes.axis.axisLabel, color: found.series.length > 1 ? colourOf(index) : paint.soft },
      splitLine: { show: index === 0, lineStyle: { color: paint.line } },
    })),
    series: found.series.flatMap((series, index) => drawn(series, index, startMs, look, t)),
  };
}

type Shade = [{ xAxis: number; name: string; itemStyle: { color: string; opacity: number } }, { xAxis: number }];

/** Where nobody watched, and where what came was not good: shaded behind the line, so that a picture never looks better than it was. */
export function shadesOf(series: Series, names: { unobserved: string; bad: string }, colours: { unobserved: string; bad: string }): Shade[] {
  return ([["unobserved", 0.35], ["bad", 0.22]] as const).flatMap(([kind, opacity]) =>
    series[kind].map(({ start, end }): Shade => [
      { xAxis: Date.parse(start), name: names[kind], itemStyle: { color: colours[kind], opacity } },
      { xAxis: Date.parse(end) },
    ]),
  );
}

function drawn(series: Series, index: number, startMs: number, { names, paint }: Look, t: typeof zh): LineSeriesOption[] {
  const colour = colourOf(index);
  const isWindowed = series.window_s !== null;
  const shades = shadesOf(series, t.history, { unobserved: paint.state("unobserved"), bad: paint.state("breakdown") });
  const line: LineSeriesOption = {
    id: series.tag,
    name: names[index] ?? series.tag,
    type: "line",
    yAxisIndex: index,
    color: colour,
    // A signal said by exception holds its value until the next one.
    step: isWindowed ? false : "end",
    showSymbol: isText(series),
    symbolSize: 7,
    lineStyle: { width: isText(series) ? 0 : 2 },
    data: lineOf(series, startMs),
    markArea: { silent: true, label: { show: false }, data: shades },
  };
  if (!isWindowed) return [line];
  const band = { type: "line" as const, yAxisIndex: index, color: colour, showSymbol: false, lineStyle: { width: 0 }, stack: `band ${series.tag}`, stackStrategy: "all" as const, silent: true, tooltip: { show: false } };
  return [
    { ...band, id: `least ${series.tag}`, data: series.windows.map(({ at, min }) => [Date.parse(at), min]) },
    { ...band, id: `range ${series.tag}`, areaStyle: { color: colour, opacity: 0.18 }, data: series.windows.map(({ at, min, max }) => [Date.parse(at), max - min]) },
    line,
  ];
}

function tip(params: unknown, found: Schemas["HistoryOut"], { names, f }: Look): string {
  const rows = (Array.isArray(params) ? params : [params]) as { seriesId?: string; axisValue?: number; value?: [number, Value]; marker?: string }[];
  const at = rows[0]?.axisValue;
  const lines = rows.flatMap(({ seriesId, value, marker }) => {
    const index = found.series.findIndex(({ tag }) => tag === seriesId);
    const series = found.series[index];
    if (series === undefined || value === undefined) return [];
    const window = series.windows.find(({ at: began }) => Date.parse(began) === value[0]);
    const range = window === undefined ? "" : ` (${shownValue(window.min, f)} – ${shownValue(window.max, f)})`;
    return [`${marker ?? ""}${escapeHtml(names[index] ?? series.tag)}: <b>${escapeHtml(shownValue(value[1], f))}</b>${range}`];
  });
  return [f.dayTimeWithSeconds(at), ...lines].join("<br>");
}
