import type { FixedRange, Scale } from "./types";

/** A closed interval; `low < high`. */
export interface Interval {
  low: number;
  high: number;
}

/** Maps data to pixels: `pixel = factor × forward(value) + offset`. */
export interface Projection {
  scale: Scale;
  factor: number;
  offset: number;
}

/** Into the space in which the scale is straight; NaN where the scale has no place for it. */
export function forward(value: number, scale: Scale): number {
  if (scale === "linear") return value;
  return value > 0 ? Math.log10(value) : Number.NaN;
}

export function backward(value: number, scale: Scale): number {
  return scale === "linear" ? value : 10 ** value;
}

/** The same for whole arrays; a linear scale shares the array. */
export function forwardAll(values: Float64Array, scale: Scale): Float64Array {
  if (scale === "linear") return values;
  const out = new Float64Array(values.length);
  for (let i = 0; i < values.length; i++) out[i] = forward(values[i] as number, scale);
  return out;
}

/** `from` and `to` are the pixels of the domain's low and high end. */
export function project(domain: Interval, scale: Scale, from: number, to: number): Projection {
  const low = forward(domain.low, scale);
  const high = forward(domain.high, scale);
  const factor = (to - from) / (high - low);
  return { scale, factor, offset: from - factor * low };
}

export function toPixel(projection: Projection, value: number): number {
  return projection.factor * forward(value, projection.scale) + projection.offset;
}

export function fromPixel(projection: Projection, pixel: number): number {
  return backward((pixel - projection.offset) / projection.factor, projection.scale);
}

/** An interval that can be drawn: fixed ends obeyed, no zero length, positive on a log scale. */
export function settle(
  extent: Interval | null,
  fixed: FixedRange | undefined,
  scale: Scale,
): Interval {
  let low = fixed?.[0] ?? extent?.low ?? (scale === "log" ? 0.1 : 0);
  let high = fixed?.[1] ?? extent?.high ?? 1;
  if (scale === "log") {
    if (!(high > 0)) high = 1;
    if (!(low > 0)) low = Math.min(high / 10, extent && extent.low > 0 ? extent.low : high / 10);
  }
  if (low > high) [low, high] = [high, low];
  if (low === high) {
    if (scale === "log") return { low: low / 2, high: high * 2 };
    const pad = Math.abs(low) * 0.05 || 0.5;
    return { low: low - pad, high: high + pad };
  }
  return { low, high };
}

/** Room above and below the data, where the end is not fixed. */
export function pad(
  domain: Interval,
  fixed: FixedRange | undefined,
  scale: Scale,
  share: number,
): Interval {
  const low = forward(domain.low, scale);
  const high = forward(domain.high, scale);
  const room = (high - low) * share;
  return {
    low: fixed?.[0] == null ? backward(low - room, scale) : domain.low,
    high: fixed?.[1] == null ? backward(high + room, scale) : domain.high,
  };
}

/** The interval after zooming by `by` (> 1 zooms in) around `at`, or shifting by a share. */
export function zoomed(domain: Interval, scale: Scale, at: number, by: number): Interval {
  const low = forward(domain.low, scale);
  const high = forward(domain.high, scale);
  const middle = forward(at, scale);
  return {
    low: backward(middle - (middle - low) / by, scale),
    high: backward(middle + (high - middle) / by, scale),
  };
}

export function shifted(domain: Interval, scale: Scale, share: number): Interval {
  const low = forward(domain.low, scale);
  const high = forward(domain.high, scale);
  const by = (high - low) * share;
  return { low: backward(low + by, scale), high: backward(high + by, scale) };
}
