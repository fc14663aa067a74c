import { Skeleton } from "@mantine/core";
import { lazy, Suspense } from "react";
import type { ChartProps } from "./Chart";

const Chart = lazy(() => import("./Chart"));

/** A chart whose library is fetched when the first one is shown. */
export function LazyChart(props: ChartProps) {
  return (
    <Suspense fallback={<Skeleton h={props.height} aria-busy />}>
      <Chart {...props} />
    </Suspense>
  );
}
