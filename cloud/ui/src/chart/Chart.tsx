import { BarChart, CustomChart, LineChart } from "echarts/charts";
import {
  AriaComponent,
  DataZoomComponent,
  GridComponent,
  LegendComponent,
  MarkAreaComponent,
  MarkLineComponent,
  TooltipComponent,
} from "echarts/components";
import { type ECharts, init, use as register } from "echarts/core";
import { CanvasRenderer } from "echarts/renderers";
import type { EChartsOption } from "echarts";
import { useEffect, useLayoutEffect, useRef } from "react";
import { isResized } from "./isResized";
import { type Columns, useColumns } from "./useColumns";

register([
  BarChart, CustomChart, LineChart, AriaComponent, DataZoomComponent, GridComponent, LegendComponent,
  MarkAreaComponent, MarkLineComponent, TooltipComponent, CanvasRenderer,
]);

export interface ChartProps {
  /** Said to people who do not see the picture. */
  label: string;
  option: EChartsOption;
  height: number;
  /** Told the part of the time axis, in ms, that somebody has zoomed to. */
  onZoom?: (startMs: number, endMs: number) => void;
  /** Told which datum of a series somebody clicked. */
  onPick?: (index: number) => void;
  /** For a chart of categories: each opens by a click or tap anywhere in its column, or by arrow keys and Enter. */
  columns?: Columns;
}

/** A chart that keeps its zoom while its numbers move; imported lazily, it carries the library. */
export default function Chart({ label, option, height, onZoom, onPick, columns }: ChartProps) {
  const frame = useRef<HTMLDivElement>(null);
  const chart = useRef<ECharts | null>(null);
  useLayoutEffect(() => {
    const place = frame.current;
    if (place === null) return;
    const made = init(place);
    chart.current = made;
    // The watcher speaks at once, of the size that the chart was made for: drawing it again would be seen.
    const watcher = new ResizeObserver(() => {
      if (isResized(made, place)) made.resize();
    });
    watcher.observe(place);
    return () => {
      watcher.disconnect();
      made.dispose();
      chart.current = null;
    };
  }, []);
  useEffect(() => {
    const made = chart.current;
    if (made === null || onZoom === undefined) return;
    const told = () => {
      const zoom = (made.getOption()["dataZoom"] as { startValue: number; endValue: number }[] | undefined)?.[0];
      if (zoom !== undefined) onZoom(zoom.startValue, zoom.endValue);
    };
    made.on("datazoom", told);
    return () => {
      made.off("datazoom", told);
    };
  }, [onZoom]);
  useEffect(() => {
    const made = chart.current;
    if (made === null || onPick === undefined) return;
    const told = ({ dataIndex }: { dataIndex: number }) => onPick(dataIndex);
    made.on("click", "series", told);
    return () => {
      made.off("click", told);
    };
  }, [onPick]);
  useLayoutEffect(() => {
    const made = chart.current;
    if (made === null) return;
    // The rule of the style sheet does not reach into a canvas.
    const animation = option.animation !== false && !window.matchMedia("(prefers-reduced-motion: reduce)").matches;
    // Drawn at once and before the browser paints: the first picture is the whole one.
    made.setOption({ ...option, animation }, { replaceMerge: ["series"] });
  }, [option]);
  const keyed = useColumns(chart, columns);
  return <div ref={frame} role="img" aria-label={label} {...keyed} style={{ height, width: "100%" }} />;
}
