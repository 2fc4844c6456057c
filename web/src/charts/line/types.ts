import type { Ref } from "react";
import type { Smoothing } from "@/lib/smoothing";

/** What the numbers on the x axis are: plain numbers, ms since 1970, or seconds since a start. */
export type XKind = "number" | "time" | "relative";
export type Scale = "linear" | "log";
/** A fixed end is a number, a free end is null. */
export type FixedRange = readonly [low: number | null, high: number | null];

/** One line. Arrays have equal length; x rises. The chart reads them and never changes them. */
export interface LineSeries {
  /** Unique in the chart and stable over updates. */
  id: string;
  /** First words of the tooltip and legend, say the run's name. */
  label: string;
  /** Second words, say the key; shown when the chart's series differ in it. */
  detail?: string;
  /** Identity across charts, say the run's id: hovering one lights up its group everywhere. */
  group?: string;
  /** Any CSS colour. */
  color: string;
  dash?: readonly number[];
  /** Line width in CSS pixels; 1.5 by default. */
  width?: number;
  x: Float64Array;
  /** NaN and ±Infinity are gaps with marks. */
  y: Float64Array;
  /** True extremes where a point stands for many; NaN where unknown. */
  min?: Float64Array;
  max?: Float64Array;
  /** Value with the greatest x of those that y[i] stands for; names the kind of a mark. */
  last?: Float64Array;
  /** How many non-finite values point i stands for. */
  nonfinite?: Float64Array;
}

export interface ReferenceLine {
  y: number;
  label?: string;
  color?: string;
}

/** How the lines are drawn. */
export interface LineView {
  xKind?: XKind;
  xScale?: Scale;
  yScale?: Scale;
  xRange?: FixedRange;
  yRange?: FixedRange;
  xLabel?: string;
  yLabel?: string;
  /** Leave the outermost values out of the automatic y range. */
  ignoreOutliers?: boolean;
  smoothing?: Smoothing;
  /** Show the line before smoothing faintly behind; true by default. */
  showRaw?: boolean;
  /** Show the band between min and max; true by default. */
  band?: boolean;
  references?: readonly ReferenceLine[];
}

export interface LineInteraction {
  /** Charts with the same key show the cursor at the same x. */
  syncKey?: string;
  /** Called when a range of x was chosen (drag, pinch, wheel or keys), in data units. */
  onZoom?: (range: { low: number; high: number }) => void;
  /** Called on double-click or Esc. */
  onReset?: () => void;
  /** Called on a click near a line. */
  onPick?: (series: LineSeries, event: { x: number; alt: boolean }) => void;
  /** Order and length of the tooltip. */
  tooltip?: { order?: "nearness" | "value"; limit?: number };
}

export interface LineChartProps extends LineView, LineInteraction {
  series: readonly LineSeries[];
  /** Names the chart for screen readers, downloads and pictures. */
  title: string;
  legend?: "none" | "bottom" | "right";
  /** Chart as picture (default) or as table. */
  as?: "chart" | "table";
  /** CSS pixels; by default the parent's height. */
  height?: number;
  className?: string;
  ref?: Ref<LineChartHandle>;
}

/** What a parent can ask of a mounted chart. */
export interface LineChartHandle {
  png(): Promise<Blob>;
  svg(): string;
  csv(): string;
  /** Puts the PNG on the clipboard. */
  copy(): Promise<void>;
  /** Saves a file named after the title. */
  download(format: "png" | "svg" | "csv"): Promise<void>;
  /** Width of the plot in device pixels: what a bucket count is derived from. */
  plotWidth(): number;
}
