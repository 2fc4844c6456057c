import type { Ref } from "react";
import { useEffect, useMemo } from "react";
import type { LineChartHandle } from "@/charts/line";
import { LineChart } from "@/charts/line";
import type { LineSettings } from "@/lib/line-settings";
import { smoothingOf } from "@/lib/line-settings";
import type { PanelSpec } from "@/lib/sections";
import type { ChartsView } from "@/lib/view";
import { noteAxis } from "./highlight";
import type { PanelData } from "./use-panel";

/** The chart of a panel as its settings say; zooming goes into the view. */
export function PanelChart({
  data,
  panel,
  settings,
  view,
  change,
  legend,
  as,
  ref,
}: {
  data: PanelData;
  panel: PanelSpec;
  settings: LineSettings;
  view: ChartsView;
  change: (part: Partial<ChartsView>) => void;
  legend: "none" | "bottom" | "right";
  as?: "chart" | "table";
  ref?: Ref<LineChartHandle>;
}) {
  const { axis } = data;
  useEffect(() => noteAxis(axis.id), [axis.id]);
  const zoom = view.zoom?.axis === axis.id ? view.zoom : null;
  const xLow = zoom?.low ?? settings.xLow ?? null;
  const xHigh = zoom?.high ?? settings.xHigh ?? null;
  const xRange = useMemo(
    () => (xLow === null && xHigh === null ? undefined : ([xLow, xHigh] as const)),
    [xLow, xHigh],
  );
  const { yLow = null, yHigh = null } = settings;
  const yRange = useMemo(
    () => (yLow === null && yHigh === null ? undefined : ([yLow, yHigh] as const)),
    [yLow, yHigh],
  );
  const { smoothing: weight, smoothingKind, area } = settings;
  const piled = area === "stacked" || area === "percent";
  const smoothing = useMemo(
    () => (piled ? smoothingOf({}) : smoothingOf({ smoothing: weight, smoothingKind })),
    [piled, weight, smoothingKind],
  );
  return (
    <LineChart
      ref={ref}
      title={panel.title}
      series={data.lines}
      as={as}
      legend={settings.legendPlace ?? legend}
      xKind={axis.kind}
      xRange={xRange}
      yRange={yRange}
      xScale={settings.logX && axis.kind === "number" ? "log" : "linear"}
      xLabel={axis.xKey ?? undefined}
      yScale={settings.logY && !piled ? "log" : "linear"}
      ignoreOutliers={settings.ignoreOutliers && !piled}
      smoothing={smoothing}
      showRaw={settings.showRaw}
      band={settings.band !== "none"}
      references={settings.references}
      syncKey={axis.id}
      onZoom={({ low, high }) => change({ zoom: { axis: axis.id, low, high } })}
      onReset={() => change({ zoom: null })}
    />
  );
}
