import { expect, test } from "vitest";
import { smooth } from "@/lib/smoothing";

const f64 = (...values: number[]) => Float64Array.from(values);
const rounded = (values: Float64Array) => [...values].map((value) => Math.round(value * 1e6) / 1e6);

test("no smoothing gives the same array", () => {
  const y = f64(1, 2, 3);
  expect(smooth(f64(0, 1, 2), y, { kind: "none" }, 2)).toBe(y);
  expect(smooth(f64(0, 1, 2), y, { kind: "ema", weight: 0 }, 2)).toBe(y);
});

test("the exponential mean is debiased: its first value is the first point", () => {
  // weight 0.25 forgets √0.25 = 0.5 per thousandth of the axis; points lie one thousandth apart:
  // 4, (4·½ + 0)/(½ + 1) = 4/3, (2·½ + 8)/(1.5·½ + 1) = 9/1.75
  const smoothed = smooth(f64(0, 1, 2), f64(4, 0, 8), { kind: "ema", weight: 0.25 }, 1000);
  expect(rounded(smoothed)).toEqual([4, 1.333333, 5.142857]);
});

test("the exponential mean forgets by distance, not by number of points", () => {
  // Two thousandths apart: ½² = ¼ is kept. (4·¼ + 0)/(¼ + 1) = 0.8
  const smoothed = smooth(f64(0, 2), f64(4, 0), { kind: "ema", weight: 0.25 }, 1000);
  expect(rounded(smoothed)).toEqual([4, 0.8]);
});

test("the running mean is centred and shorter at the ends", () => {
  const smoothed = smooth(f64(0, 1, 2, 3), f64(1, 2, 6, 7), { kind: "mean", window: 3 }, 3);
  expect(rounded(smoothed)).toEqual([1.5, 3, 5, 6.5]);
});

test("the gaussian weighs neighbours by exp(−d²/2σ²)", () => {
  const g1 = Math.exp(-0.5);
  const g2 = Math.exp(-2);
  const smoothed = smooth(f64(0, 1, 2), f64(0, 3, 0), { kind: "gaussian", sigma: 1 }, 2);
  expect(rounded(smoothed)).toEqual(
    rounded(f64((3 * g1) / (1 + g1 + g2), 3 / (1 + 2 * g1), (3 * g1) / (1 + g1 + g2))),
  );
});

test.each([
  { kind: "ema", weight: 0.9 },
  { kind: "mean", window: 5 },
  { kind: "gaussian", sigma: 2 },
] as const)("non-finite values stay and spoil nothing: $kind", (smoothing) => {
  const y = f64(5, 5, Number.NaN, Number.POSITIVE_INFINITY, 5, 5);
  const smoothed = smooth(f64(0, 1, 2, 3, 4, 5), y, smoothing, 5);
  expect(rounded(smoothed)).toEqual([5, 5, Number.NaN, Number.POSITIVE_INFINITY, 5, 5]);
});

test("a constant stays constant", () => {
  const y = new Float64Array(500).fill(0.1);
  const x = y.map((_, i) => i);
  for (const value of smooth(x, y, { kind: "ema", weight: 0.999 }, 499)) {
    expect(value).toBeCloseTo(0.1, 12);
  }
});
