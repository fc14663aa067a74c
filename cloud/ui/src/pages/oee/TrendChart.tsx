import { Text } from "@mantine/core";
import { useMediaQuery } from "@mantine/hooks";
import type { EChartsOption } from "echarts";
import { useMemo } from "react";
import type { Schemas } from "../../api/client";
import { dress } from "../../chart/dress";
import { LazyChart } from "../../chart/LazyChart";
import { usePaint } from "../../chart/usePaint";
import { useFormat } from "../../format/useFormat";
import { useLanguage } from "../../i18n/LanguageProvider";
import { useIsPhone } from "../../parts/useIsPhone";

interface TrendChartProps {
  trend: Schemas["OeeTrendPoint"][];
  label: string;
  nameOf: (point: Schemas["OeeTrendPoint"]) => string;
  onOpen: (point: Schemas["OeeTrendPoint"], name: string) => void;
}

/** OEE and its factors over time, each point named on the axis and a way to what it is made of. */
export function TrendChart({ trend, label, nameOf, onOpen }: TrendChartProps) {
  const { t } = useLanguage();
  const f = useFormat();
  const paint = usePaint();
  const isNarrow = useMediaQuery("(max-width: 30em)", false, { getInitialValueInEffect: false }); // the legend takes two rows
  const isPhone = useIsPhone();
  const option = useMemo<EChartsOption>(() => {
    const clothes = dress(paint);
    const lines = [
      { key: "availability", colour: paint.state("setup"), width: 1.8 },
      { key: "effectiveness", colour: paint.state("blocked"), width: 1.8 },
      { key: "quality", colour: paint.state("running"), width: 1.8 },
      { key: "oee", colour: paint.brand, width: 3.2 },
    ] as const;
    return {
      textStyle: clothes.textStyle,
      animationDuration: clothes.animationDuration,
      grid: { left: 4, right: 14, top: isNarrow ? 62 : 40, bottom: 4, outerBoundsMode: "same", outerBoundsContain: "axisLabel" },
      legend: { top: 0, left: 0, itemWidth: 16, itemHeight: 3, itemGap: 16, textStyle: { color: paint.ink, fontSize: 12.5 }, icon: "rect", data: [...lines].reverse().map(({ key }) => t.figures[key]) },
      tooltip: {
        ...clothes.tooltip,
        trigger: "axis",
        valueFormatter: (value) => f.percent(typeof value === "number" ? value : null),
      },
      xAxis: { type: "category", boundaryGap: false, data: trend.map(nameOf), ...clothes.axis, splitLine: { show: false } },
      yAxis: {
        type: "value",
        min: 0,
        max: ({ max }: { max: number }) => (Number.isFinite(max) ? Math.max(1, Math.ceil(max * 10) / 10) : 1),
        ...clothes.axis,
        axisLabel: { ...clothes.axis.axisLabel, formatter: (value: number) => f.wholePercent(value) },
      },
      series: lines.map(({ key, colour, width }) => ({
        id: key,
        name: t.figures[key],
        type: "line",
        data: trend.map((point) => point[key]),
        color: colour,
        lineStyle: { width },
        symbol: "circle",
        symbolSize: width * 2.2,
        showSymbol: trend.length < 30,
        ...(key === "oee" ? { areaStyle: { opacity: 0.1 }, z: 4 } : {}),
      })),
    };
  }, [trend, nameOf, t, f, paint, isNarrow]);
  if (trend.length === 0) return <Text c="var(--ink-soft)">{t.oee.trendEmpty}</Text>;
  const columns = {
    said: trend.map((point) => `${nameOf(point)}: ${t.figures.oee} ${f.percent(point.oee)}`),
    onOpen: (index: number) => {
      const point = trend[index];
      if (point !== undefined) onOpen(point, nameOf(point));
    },
  };
  return (
    <>
      <LazyChart label={label} option={option} height={330} columns={columns} />
      <Text fz="xs" c="var(--ink-soft)" mt={6}>{isPhone ? t.oee.trendTouch : t.oee.trendOpen}</Text>
    </>
  );
}
