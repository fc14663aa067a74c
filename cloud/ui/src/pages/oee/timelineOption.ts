import type { CustomSeriesRenderItem, EChartsOption } from "echarts";
import type { Schemas } from "../../api/client";
import { dress, escapeHtml } from "../../chart/dress";
import type { Paint } from "../../chart/usePaint";
import type { Formats } from "../../format/formats";
import { lookup } from "../../i18n/lookup";
import type { zh } from "../../i18n/zh";

export interface Lane {
  machine: string;
  name: string;
  segments: Schemas["StateSegment"][];
}

export const LANE_HEIGHT = 40;

/** Time that the calendar does not plan is there, but does not count. */
const UNPLANNED_OPACITY = 0.35;

/** From here on a time of day alone would not tell which day it is. */
const LONG_MS = 26 * 3_600_000;

/** A Gantt-like picture: a lane for each machine, a block for each state, zoomed by slider or wheel. */
export function timelineOption(
  lanes: Lane[],
  window: { start: string; end: string },
  paint: Paint,
  f: Formats,
  t: typeof zh,
  laneWidth: number,
): EChartsOption {
  const clothes = dress(paint);
  const [from, to] = [Date.parse(window.start), Date.parse(window.end)];
  const isLong = to - from > LONG_MS;
  const rows = lanes.flatMap((lane, index) =>
    lane.segments.map((segment) => ({
      value: [index, Date.parse(segment.start), Date.parse(segment.end), segment.planned ? 1 : UNPLANNED_OPACITY],
      segment,
      itemStyle: { color: paint.state(segment.state) },
    })),
  );
  return {
    textStyle: clothes.textStyle,
    animation: false,
    grid: { left: 4, right: 26, top: 6, bottom: 42, outerBoundsMode: "same", outerBoundsContain: "axisLabel" },
    tooltip: {
      ...clothes.tooltip,
      formatter: (params) => {
        const one = Array.isArray(params) ? params[0] : params;
        const { segment, value } = one?.data as (typeof rows)[number];
        const lane = lanes[value[0] ?? 0]?.name ?? "";
        const seconds = (Date.parse(segment.end) - Date.parse(segment.start)) / 1000;
        const category = lookup(t.losses, segment.category);
        return [
          `<b>${escapeHtml(lookup(t.states, segment.state))}</b> · ${escapeHtml(f.duration(seconds))}`,
          escapeHtml(lane),
          f.spanWithSeconds(segment.start, segment.end),
          escapeHtml(category) + (segment.planned || segment.category === "unplanned" ? "" : ` · ${escapeHtml(t.oee.unplannedShort)}`),
        ].join("<br>");
      },
    },
    dataZoom: [
      { type: "slider", xAxisIndex: 0, filterMode: "weakFilter", height: 22, bottom: 4, borderColor: paint.line, showDataShadow: false, fillerColor: `${paint.brand}26`, handleStyle: { color: paint.card, borderColor: paint.soft }, moveHandleStyle: { color: paint.line }, brushSelect: false, labelFormatter: (ms: number) => (isLong ? f.dayTime : f.time)(ms), textStyle: { color: paint.soft }, minValueSpan: 60_000 },
      { type: "inside", xAxisIndex: 0, filterMode: "weakFilter", zoomOnMouseWheel: "ctrl", moveOnMouseWheel: false, minValueSpan: 60_000 },
    ],
    xAxis: {
      type: "time",
      min: from,
      max: to,
      ...clothes.axis,
      axisLabel: { ...clothes.axis.axisLabel, formatter: (ms: number) => f.tick(ms, isLong) },
      splitLine: { show: true, lineStyle: { color: paint.line } },
    },
    yAxis: {
      type: "category",
      inverse: true,
      data: lanes.map(({ name }) => name),
      ...clothes.axis,
      axisLabel: { color: paint.ink, fontSize: 12, lineHeight: 14, width: laneWidth, overflow: "break" },
    },
    series: [
      {
        id: "states",
        type: "custom",
        renderItem: block,
        // Thousands of blocks come at once; in portions the picture would be seen to grow, and again at each new width.
        progressive: 0,
        encode: { x: [1, 2], y: 0 },
        data: rows,
      },
    ],
  };
}

/** The segment that the chart drew at a place, counted over all lanes. */
export function segmentAt(lanes: Lane[], place: number): { machine: string; segment: Schemas["StateSegment"] } | null {
  return lanes.flatMap(({ machine, segments }) => segments.map((segment) => ({ machine, segment })))[place] ?? null;
}

const block: CustomSeriesRenderItem = (params, api) => {
  const lane = api.value(0);
  const [x1 = 0, y = 0] = api.coord([api.value(1), lane]);
  const [x2 = 0] = api.coord([api.value(2), lane]);
  const frame = params.coordSys as unknown as { x: number; width: number };
  const left = Math.max(x1, frame.x);
  const right = Math.min(x2, frame.x + frame.width);
  if (right <= left) return null;
  const height = LANE_HEIGHT * 0.62;
  return {
    type: "rect",
    shape: { x: left, y: y - height / 2, width: Math.max(right - left, 1), height },
    style: { fill: api.visual("color") as string, opacity: Number(api.value(3)) },
  };
};
