import type { EChartsOption, LineSeriesOption } from "echarts";
import type { Schemas } from "../../api/client";
import { dress, escapeHtml } from "../../chart/dress";
import type { Paint } from "../../chart/usePaint";
import type { Formats } from "../../format/formats";
import type { zh } from "../../i18n/zh";
import { isText, type Lane, lanesOf, metricOf, placeOf } from "./lanes";
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

export interface Look {
  names: string[];
  paint: Paint;
  f: Formats;
  t: typeof zh;
}

/** Several signals over one time: a lane with an axis for each kind of value, one below the other. */
export function seriesOption(found: Schemas["HistoryOut"], look: Look): EChartsOption {
  const { paint, f, t } = look;
  const clothes = dress(paint);
  const [startMs, endMs] = [Date.parse(found.start), Date.parse(found.end)];
  const isLong = endMs - startMs > 26 * 3_600_000;
  const lanes = lanesOf(found.series);
  const all = lanes.map((_, at) => at);
  const left = labelWidth(found.series, f);
  return {
    textStyle: clothes.textStyle,
    animation: false,
    // One width of labels for all lanes, so that an instant lies at one place in each of them.
    grid: all.map((at) => ({ left, right: 12, ...placeOf(at, lanes.length), outerBoundsMode: "none" as const })),
    axisPointer: { link: [{ xAxisIndex: "all" }] },
    tooltip: {
      ...clothes.tooltip,
      trigger: "axis",
      formatter: (params) => tip(params, found, look),
    },
    dataZoom: [
      { type: "inside", xAxisIndex: all, filterMode: "none", startValue: startMs, endValue: endMs },
      { type: "slider", xAxisIndex: all, filterMode: "none", height: 22, borderColor: paint.line, fillerColor: `${paint.brand}26`, handleStyle: { color: paint.card, borderColor: paint.soft }, moveHandleStyle: { color: paint.line }, textStyle: { color: paint.soft }, bottom: 8, labelFormatter: (ms) => f.dayTime(Number(ms)), startValue: startMs, endValue: endMs },
    ],
    xAxis: all.map((at) => ({
      type: "time" as const,
      gridIndex: at,
      min: startMs,
      max: endMs,
      ...clothes.axis,
      splitLine: { show: false },
      axisLabel: { ...clothes.axis.axisLabel, show: at === lanes.length - 1, formatter: (ms: number) => f.tick(ms, isLong) },
    })),
    yAxis: lanes.map((lane, at) => {
      const colour = lane.series.length === 1 && found.series.length > 1 ? colourOf(lane.series[0] ?? 0) : paint.soft;
      return {
        type: lane.isText ? ("category" as const) : ("value" as const),
        gridIndex: at,
        scale: true,
        splitNumber: lanes.length > 2 ? 2 : 5,
        name: nameOf(lane, found.series, look.names),
        nameLocation: "end" as const,
        nameGap: 10,
        nameTextStyle: { color: colour, fontSize: 12, align: "left" as const, padding: [0, 0, 0, 8 - left] },
        ...clothes.axis,
        axisLabel: { ...clothes.axis.axisLabel, color: colour, width: left - 12, overflow: "truncate" as const },
      };
    }),
    series: found.series.flatMap((series, index) => drawn(series, index, lanes.findIndex((lane) => lane.series.includes(index)), startMs, look, t)),
  };
}

/** A lane of one signal has its name, one of several that of what they all measure. */
function nameOf(lane: Lane, series: Series[], names: string[]): string {
  const first = lane.series[0] ?? 0;
  return lane.series.length === 1 ? (names[first] ?? "") : metricOf(series[first]?.tag ?? "");
}

const [NARROW, WIDE, SIGN] = [44, 104, 7];

/** The room (px) that the labels of the value axes need: as much as the longest value of all lanes is written with. */
export function labelWidth(series: Series[], f: Formats): number {
  const written = series.flatMap(({ before, points, windows }) =>
    [before, ...points.map(({ value }) => value), ...windows.flatMap(({ min, max }) => [min, max])].map((value) => widthOf(value, f)),
  );
  return Math.min(Math.max(NARROW, ...written), WIDE);
}

function widthOf(value: Value, f: Formats): number {
  if (value === null) return 0;
  // A label stands between values: it may be a round number of more digits, never of many more.
  const text = typeof value === "string" ? value : f.number(Math.abs(value) >= 100 ? Math.round(value) : value);
  const wide = [...text].filter((sign) => sign.charCodeAt(0) > 0x2e80).length;
  return (text.length + wide) * SIGN + 16;
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

function drawn(series: Series, index: number, lane: number, startMs: number, { names, paint }: Look, t: typeof zh): LineSeriesOption[] {
  const colour = colourOf(index);
  const isWindowed = series.window_s !== null;
  const shades = shadesOf(series, t.history, { unobserved: paint.state("unobserved"), bad: paint.state("breakdown") });
  const place = { xAxisIndex: lane, yAxisIndex: lane };
  const line: LineSeriesOption = {
    id: series.tag,
    name: names[index] ?? series.tag,
    type: "line",
    ...place,
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
  const band = { type: "line" as const, ...place, color: colour, showSymbol: false, lineStyle: { width: 0 }, stack: `band ${series.tag}`, stackStrategy: "all" as const, silent: true, tooltip: { show: false } };
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
