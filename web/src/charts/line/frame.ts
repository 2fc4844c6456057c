import { labelX, type Tick, type XAxis, xTicks, yTicks } from "./axes";
import { type Prepared, xExtent, yExtent } from "./prepare";
import {
  backward,
  forward,
  type Interval,
  type Projection,
  pad,
  project,
  settle,
  toPixel,
} from "./scales";
import type { FixedRange, LineSeries, LineView } from "./types";

/** Everything that follows from data, view and size: what a painter and a pointer need. */
export interface Frame {
  /** CSS pixels of the whole chart. */
  width: number;
  height: number;
  /** The plot's place inside, in CSS pixels. */
  plot: { left: number; top: number; width: number; height: number };
  x: Interval;
  y: Interval;
  /** Projections relative to the plot's corner, in CSS pixels. */
  toX: Projection;
  toY: Projection;
  xTicks: Tick[];
  yTicks: Tick[];
  /** No finite point lies in the range. */
  empty: boolean;
}

export interface FrameInput {
  width: number;
  height: number;
  series: readonly LineSeries[];
  prepared: readonly Prepared[];
  view: LineView;
  /** The x range chosen by hand; wins over the view's. */
  zoom: Interval | null;
  axis: XAxis;
  measure: (text: string) => number;
}

const TOP = 8;
const RIGHT = 12;
const AXIS_HEIGHT = 22;
const LABEL_HEIGHT = 16;
const TICK_GAP = 8;
const LABEL_GAP = 12;

export function computeFrame(input: FrameInput): Frame {
  const { view, width, height, measure } = input;
  const xScale = view.xScale ?? "linear";
  const yScale = view.yScale ?? "linear";
  const fixedX: FixedRange | undefined = input.zoom
    ? [input.zoom.low, input.zoom.high]
    : view.xRange;
  const data = xExtent(input.series, xScale);
  const x = settle(data, fixedX, xScale);

  const straight = yExtent(
    input.prepared,
    { low: forward(x.low, xScale), high: forward(x.high, xScale) },
    view.ignoreOutliers ?? false,
  );
  const extent = straight && {
    low: backward(straight.low, yScale),
    high: backward(straight.high, yScale),
  };
  const y = pad(settle(extent, view.yRange, yScale), view.yRange, yScale, 0.04);

  const top = TOP + (view.yLabel ? LABEL_HEIGHT : 0);
  const bottom = AXIS_HEIGHT;
  const plotHeight = Math.max(1, height - top - bottom);
  const ticksY = yTicks(y, yScale, plotHeight);
  const widest = Math.max(0, ...ticksY.map((tick) => measure(tick.label)));
  const left = Math.min(Math.ceil(widest) + TICK_GAP + 4, width / 2);
  const plotWidth = Math.max(1, width - left - RIGHT);
  const plot = {
    left: Math.round(left),
    top,
    width: Math.floor(plotWidth),
    height: Math.floor(plotHeight),
  };
  const toX = project(x, xScale, 0, plot.width);
  const hasNothing = straight === null && input.prepared.every((each) => each.marks.length === 0);
  const single = data !== null && data.low === data.high && x.low < data.low && x.high > data.high;
  const candidates = single ? labelX([data.low], input.axis) : xTicks(x, input.axis, plot.width);
  const reserved = view.xLabel ? measure(view.xLabel) + LABEL_GAP : 0;
  return {
    width,
    height,
    plot,
    x,
    y,
    toX,
    toY: project(y, yScale, plot.height, 0),
    xTicks: hasNothing
      ? []
      : withoutOverlap(
          candidates,
          measure,
          (value) => toPixel(toX, value),
          reserved > 0 ? plot.width - reserved : Infinity,
        ),
    yTicks: hasNothing ? [] : ticksY,
    empty: straight === null,
  };
}

/** Leaves out labels that would touch the one before. */
function withoutOverlap(
  ticks: Tick[],
  measure: (text: string) => number,
  place: (value: number) => number,
  end: number,
): Tick[] {
  let free = Number.NEGATIVE_INFINITY;
  return ticks.filter((tick) => {
    const half = measure(tick.label) / 2;
    const centre = place(tick.value);
    if (centre - half < free || centre + half > end) return false;
    free = centre + half + 10;
    return true;
  });
}
