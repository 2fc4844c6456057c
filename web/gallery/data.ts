import type { LineSeries } from "@/charts/line";
import { paletteOf } from "@/lib/colors";

/** Repeatable noise, so that two screenshots can be compared. */
export function noise(seed: number): () => number {
  let state = seed * 2654435761 + 1;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

export function color(n: number): string {
  const theme = document.documentElement.dataset.theme === "dark" ? "dark" : "light";
  const palette = paletteOf(theme);
  return palette[n % palette.length] as string;
}

/** A falling loss in buckets, as the server answers it. */
export function loss(
  n: number,
  options: { label?: string; length?: number; step?: number; floor?: number; jitter?: number } = {},
): LineSeries {
  const { length = 400, step = 25, floor = 0.15 + 0.05 * n, jitter = 0.12 } = options;
  const random = noise(n + 7);
  const x = new Float64Array(length);
  const y = new Float64Array(length);
  const min = new Float64Array(length);
  const max = new Float64Array(length);
  for (let i = 0; i < length; i++) {
    x[i] = i * step;
    const centre = floor + 2.2 * Math.exp(-i / (60 + 15 * n));
    const width = jitter * (0.4 + centre / 2);
    y[i] = centre + (random() - 0.5) * width * 0.5;
    min[i] = (y[i] as number) - random() * width;
    max[i] = (y[i] as number) + random() * width;
  }
  return {
    id: `loss-${n}`,
    label: options.label ?? `run-${n + 1}`,
    detail: "train/loss",
    color: color(n),
    x,
    y,
    min,
    max,
  };
}

export function plain(
  n: number,
  y: ArrayLike<number>,
  options: Partial<LineSeries> = {},
): LineSeries {
  return {
    id: `plain-${n}`,
    label: `run-${n + 1}`,
    detail: "value",
    color: color(n),
    x: Float64Array.from(y, (_, i) => i),
    y: Float64Array.from(y),
    ...options,
  };
}
