import type { ECharts } from "echarts/core";
import { type HTMLAttributes, type KeyboardEvent, type RefObject, useEffect, useState } from "react";
import { movedColumn } from "./movedColumn";

export interface Columns {
  /** What is said of each category to people who go through them by key. */
  said: string[];
  onOpen: (index: number) => void;
}

/**
 * What makes the categories of a chart's first axis open: a click or tap anywhere in a column, and for the keyboard the
 * attributes of a slider over them, whose arrow keys point (the chart shows its tooltip there) and whose Enter opens.
 */
export function useColumns(chart: RefObject<ECharts | null>, columns: Columns | undefined): HTMLAttributes<HTMLDivElement> {
  const [at, setAt] = useState<number | null>(null);
  useEffect(() => {
    const made = chart.current;
    if (made === null || columns === undefined) return;
    const told = ({ offsetX, offsetY }: { offsetX: number; offsetY: number }) => {
      // The first and the last point stand on the edge of the grid: half of each lies outside.
      if (!made.containPixel({ gridIndex: 0 }, [made.getWidth() / 2, offsetY])) return;
      const index = Math.round(Number(made.convertFromPixel({ xAxisIndex: 0 }, offsetX)));
      if (Number.isFinite(index)) columns.onOpen(Math.min(Math.max(index, 0), columns.said.length - 1));
    };
    const surface = made.getZr();
    surface.on("click", told);
    return () => {
      if (!made.isDisposed()) surface.off("click", told);
    };
  }, [chart, columns]);
  if (columns === undefined) return {};
  const last = columns.said.length - 1;
  const shown = at === null ? last : Math.min(at, last);
  const point = (next: number) => {
    setAt(next);
    const made = chart.current;
    if (made === null) return;
    made.dispatchAction({ type: "showTip", x: made.convertToPixel({ xAxisIndex: 0 }, next), y: made.getHeight() / 2 });
  };
  const press = (event: KeyboardEvent) => {
    const next = movedColumn(event.key, shown, last);
    if (next !== null) point(next);
    else if (event.key === "Enter" || event.key === " ") columns.onOpen(shown);
    else return;
    event.preventDefault();
  };
  return {
    role: "slider",
    tabIndex: 0,
    "aria-valuemin": 0,
    "aria-valuemax": last,
    "aria-valuenow": shown,
    "aria-valuetext": columns.said[shown],
    onKeyDown: press,
    onBlur: () => chart.current?.dispatchAction({ type: "hideTip" }),
  };
}
