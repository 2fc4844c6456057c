import type { Ref } from "react";
import { useEffect, useMemo } from "react";
import type { LineChartHandle } from "@/charts/line";
import { LineChart } from "@/charts/line";
import type { PanelSpec } from "@/lib/sections";
import type { ChartsView } from "@/lib/view";
import { noteAxis } from "./highlight";
import type { PanelData } from "./use-panel";

/** The chart of a panel as the view says; zooming goes into the view. */
export function PanelChart({
  data,
  panel,
  view,
  change,
  legend,
  as,
  ref,
}: {
  data: PanelData;
  panel: PanelSpec;
  view: ChartsView;
  change: (part: Partial<ChartsView>) => void;
  legend: "none" | "bottom" | "right";
  as?: "chart" | "table";
  ref?: Ref<LineChartHandle>;
}) {
  const { axis } = data;
  useEffect(() => noteAxis(axis.id), [axis.id]);
  const zoom = view.zoom?.axis === axis.id ? view.zoom : null;
  const low = zoom?.low;
  const high = zoom?.high;
  const range = useMemo(
    () => (low !== undefined && high !== undefined ? ([low, high] as const) : undefined),
    [low, high],
  );
  const smoothing = useMemo(
    () =>
      view.smoothing > 0
        ? ({ kind: "ema", weight: view.smoothing } as const)
        : ({ kind: "none" } as const),
    [view.smoothing],
  );
  return (
    <LineChart
      ref={ref}
      title={panel.title}
      series={data.lines}
      as={as}
      legend={legend}
      xKind={axis.kind}
      xRange={range}
      xLabel={axis.xKey ?? undefined}
      yScale={view.logScale ? "log" : "linear"}
      ignoreOutliers={view.ignoreOutliers}
      smoothing={smoothing}
      syncKey={axis.id}
      onZoom={({ low, high }) => change({ zoom: { axis: axis.id, low, high } })}
      onReset={() => change({ zoom: null })}
    />
  );
}
