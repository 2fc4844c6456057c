import { type Smoothing, smooth } from "@/lib/smoothing";
import { forwardAll, type Interval } from "./scales";
import type { LineSeries, LineView, Scale } from "./types";

/** A series in the space where both scales are straight, smoothed. */
export interface Prepared {
  series: LineSeries;
  x: Float64Array;
  /** The line to draw; non-finite values are gaps. */
  y: Float64Array;
  /** The line before smoothing, where both are shown. */
  raw: Float64Array | null;
  min: Float64Array | null;
  max: Float64Array | null;
  /** What to draw for values that have no place in the plot. */
  marks: readonly Mark[];
}

export type MarkKind = "up" | "down" | "nan";
export interface Mark {
  /** Straightened x. */
  x: number;
  kind: MarkKind;
}

/** The part of a view that preparing depends on. */
export interface Preparation {
  xScale: Scale;
  yScale: Scale;
  smoothing: Smoothing;
  showRaw: boolean;
  band: boolean;
}

export function preparationOf(view: LineView): Preparation {
  return {
    xScale: view.xScale ?? "linear",
    yScale: view.yScale ?? "linear",
    smoothing: view.smoothing ?? { kind: "none" },
    showRaw: view.showRaw ?? true,
    band: view.band ?? true,
  };
}

export function prepare(series: LineSeries, how: Preparation, xSpan: number): Prepared {
  const smoothed = smooth(series.x, series.y, how.smoothing, xSpan);
  const isSmoothed = smoothed !== series.y;
  const drawsBand = how.band && (!isSmoothed || how.showRaw);
  return {
    series,
    x: forwardAll(series.x, how.xScale),
    y: forwardAll(smoothed, how.yScale),
    raw: isSmoothed && how.showRaw ? forwardAll(series.y, how.yScale) : null,
    min: drawsBand && series.min ? forwardAll(series.min, how.yScale) : null,
    max: drawsBand && series.max ? forwardAll(series.max, how.yScale) : null,
    marks: marksOf(series, how),
  };
}

/** Every point whose value is, or hides, one that cannot be placed. */
export function marksOf(series: LineSeries, how: Pick<Preparation, "xScale" | "yScale">): Mark[] {
  const marks: Mark[] = [];
  for (let i = 0; i < series.y.length; i++) {
    const kind = markKind(series, i, how.yScale);
    if (!kind) continue;
    const x = series.x[i] as number;
    if (how.xScale === "log" && !(x > 0)) continue;
    marks.push({ x: how.xScale === "log" ? Math.log10(x) : x, kind });
  }
  return marks;
}

function markKind(series: LineSeries, i: number, yScale: Scale): MarkKind | null {
  const value = series.y[i] as number;
  const hidden = (series.nonfinite?.[i] ?? 0) > 0;
  if (Number.isFinite(value)) {
    if (hidden) return kindOf(series.last?.[i] ?? Number.NaN);
    // A log scale has no zero: what is not positive lies below every plot.
    return yScale === "log" && value <= 0 ? "down" : null;
  }
  return kindOf(value);
}

function kindOf(value: number): MarkKind {
  if (value === Infinity) return "up";
  return value === -Infinity ? "down" : "nan";
}

/** Extent of x over all series, in data units. */
export function xExtent(series: readonly LineSeries[], scale: Scale): Interval | null {
  let low = Infinity;
  let high = -Infinity;
  for (const { x } of series) {
    let first = 0;
    if (scale === "log") while (first < x.length && !((x[first] as number) > 0)) first++;
    if (first >= x.length) continue;
    low = Math.min(low, x[first] as number);
    high = Math.max(high, x[x.length - 1] as number);
  }
  return low <= high ? { low, high } : null;
}

/** Index of the first element that is not below `value`. */
export function lowerBound(sorted: Float64Array, value: number): number {
  let from = 0;
  let to = sorted.length;
  while (from < to) {
    const middle = (from + to) >>> 1;
    if ((sorted[middle] as number) < value) from = middle + 1;
    else to = middle;
  }
  return from;
}

/** Share of values at either end that "ignore outliers" leaves out. */
const TAIL = 0.02;
const MOST_SAMPLES = 20_000;

/** Straightened extent of y between two straightened x; null when nothing finite is there. */
export function yExtent(
  prepared: readonly Prepared[],
  x: Interval,
  ignoreOutliers: boolean,
): Interval | null {
  if (ignoreOutliers) return clippedExtent(prepared, x);
  let low = Infinity;
  let high = -Infinity;
  for (const each of prepared) {
    const [from, to] = visible(each.x, x);
    for (const values of [each.y, each.raw, each.min, each.max]) {
      if (!values) continue;
      for (let i = from; i < to; i++) {
        const value = values[i] as number;
        if (!Number.isFinite(value)) continue;
        if (value < low) low = value;
        if (value > high) high = value;
      }
    }
  }
  return low <= high ? { low, high } : null;
}

function visible(xs: Float64Array, x: Interval): [number, number] {
  let to = lowerBound(xs, x.high);
  while (to < xs.length && xs[to] === x.high) to++;
  return [lowerBound(xs, x.low), to];
}

function clippedExtent(prepared: readonly Prepared[], x: Interval): Interval | null {
  const ranges = prepared.map((each) => visible(each.x, x));
  const total = ranges.reduce((sum, [from, to]) => sum + to - from, 0);
  const stride = Math.max(1, Math.ceil(total / MOST_SAMPLES));
  const sample: number[] = [];
  prepared.forEach((each, n) => {
    const [from, to] = ranges[n] as [number, number];
    for (let i = from; i < to; i += stride) {
      const value = each.y[i] as number;
      if (Number.isFinite(value)) sample.push(value);
    }
  });
  if (sample.length === 0) return null;
  const sorted = Float64Array.from(sample).sort();
  const at = (share: number) => sorted[Math.round(share * (sorted.length - 1))] as number;
  return { low: at(TAIL), high: at(1 - TAIL) };
}
