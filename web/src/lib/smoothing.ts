export type Smoothing =
  | { kind: "none" }
  /** Debiased exponential mean; `weight` in [0, 1), as users of TensorBoard and W&B know it. */
  | { kind: "ema"; weight: number }
  /** Mean over a centred window of that many points. */
  | { kind: "mean"; window: number }
  /** Gaussian kernel; `sigma` in points. */
  | { kind: "gaussian"; sigma: number };

/** The exponential mean forgets by distance: this many units span the whole x range. */
const RANGE_UNITS = 1000;
const GREATEST_WEIGHT = 0.999;

/**
 * Smooths y over x. Non-finite values stay where they are and have no part in the means.
 *
 * `xSpan` is the length of the x axis, for the exponential mean only: so that one weight
 * smooths series of different density alike.
 */
export function smooth(
  x: Float64Array,
  y: Float64Array,
  smoothing: Smoothing,
  xSpan: number,
): Float64Array {
  switch (smoothing.kind) {
    case "none":
      return y;
    case "ema":
      return smoothing.weight > 0 ? exponential(x, y, smoothing.weight, xSpan) : y;
    case "mean": {
      const window = Math.round(smoothing.window);
      if (window <= 1) return y;
      const before = Math.floor(window / 2);
      return weighted(y, new Float64Array(window).fill(1), before);
    }
    case "gaussian":
      return smoothing.sigma > 0 ? weighted(y, ...gaussianKernel(smoothing.sigma)) : y;
  }
}

function exponential(x: Float64Array, y: Float64Array, weight: number, xSpan: number) {
  const out = new Float64Array(y.length);
  const decay = Math.log(Math.min(Math.sqrt(weight), GREATEST_WEIGHT));
  const perX = xSpan > 0 ? (RANGE_UNITS / xSpan) * decay : 0;
  let sum = 0;
  let mass = 0;
  let at = x[0] ?? 0;
  for (let i = 0; i < y.length; i++) {
    const value = y[i] as number;
    if (!Number.isFinite(value)) {
      out[i] = value;
      continue;
    }
    const here = x[i] as number;
    const kept = Math.exp((here - at) * perX);
    sum = sum * kept + value;
    mass = mass * kept + 1;
    at = here;
    out[i] = sum / mass;
  }
  return out;
}

function gaussianKernel(sigma: number): [Float64Array, number] {
  const reach = Math.max(1, Math.ceil(3 * sigma));
  const kernel = new Float64Array(2 * reach + 1);
  for (let i = -reach; i <= reach; i++)
    kernel[i + reach] = Math.exp(-(i * i) / (2 * sigma * sigma));
  return [kernel, reach];
}

/** Weighted mean of each point's neighbourhood, over those that exist and are finite. */
function weighted(y: Float64Array, kernel: Float64Array, before: number): Float64Array {
  const out = new Float64Array(y.length);
  for (let i = 0; i < y.length; i++) {
    const own = y[i] as number;
    if (!Number.isFinite(own)) {
      out[i] = own;
      continue;
    }
    const from = Math.max(0, i - before);
    const to = Math.min(y.length, i - before + kernel.length);
    let sum = 0;
    let mass = 0;
    for (let j = from; j < to; j++) {
      const value = y[j] as number;
      if (!Number.isFinite(value)) continue;
      const share = kernel[j - i + before] as number;
      sum += share * value;
      mass += share;
    }
    out[i] = sum / mass;
  }
  return out;
}
