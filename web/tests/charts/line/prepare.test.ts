import { expect, test } from "vitest";
import {
  lowerBound,
  marksOf,
  type Preparation,
  prepare,
  xExtent,
  yExtent,
} from "@/charts/line/prepare";
import type { LineSeries } from "@/charts/line/types";

const { NaN: nan, POSITIVE_INFINITY: inf, NEGATIVE_INFINITY: minusInf } = Number;
const plain: Preparation = {
  xScale: "linear",
  yScale: "linear",
  smoothing: { kind: "none" },
  showRaw: true,
  band: true,
};

function series(y: number[], more: Partial<LineSeries> = {}): LineSeries {
  const x = Float64Array.from(y, (_, i) => i);
  return { id: "s", label: "s", color: "#000000", x, y: Float64Array.from(y), ...more };
}

test("values without a place are marked by kind", () => {
  expect(marksOf(series([1, nan, inf, minusInf, 2]), plain)).toEqual([
    { x: 1, kind: "nan" },
    { x: 2, kind: "up" },
    { x: 3, kind: "down" },
  ]);
});

test("a mean that hides non-finite values is marked as the last of them", () => {
  const mixed = series([1, 2, 3], {
    nonfinite: Float64Array.of(0, 2, 1),
    last: Float64Array.of(1, inf, 3),
  });
  expect(marksOf(mixed, plain)).toEqual([
    { x: 1, kind: "up" },
    { x: 2, kind: "nan" },
  ]);
});

test("a logarithmic scale has no place for zero and below", () => {
  const log = { ...plain, yScale: "log" } as const;
  expect(marksOf(series([10, 0, -1]), log)).toEqual([
    { x: 1, kind: "down" },
    { x: 2, kind: "down" },
  ]);
  const prepared = prepare(series([10, 0, 1000]), log, 2);
  expect([...prepared.y]).toEqual([1, nan, 3]);
  expect(yExtent([prepared], { low: 0, high: 2 }, false)).toEqual({ low: 1, high: 3 });
});

test("smoothing keeps the raw line behind, unless it is not wanted", () => {
  const smoothing = { kind: "mean", window: 3 } as const;
  const both = prepare(series([0, 3, 0]), { ...plain, smoothing }, 2);
  expect([...both.y]).toEqual([1.5, 1, 1.5]);
  expect([...(both.raw ?? [])]).toEqual([0, 3, 0]);
  expect(prepare(series([0, 3, 0]), { ...plain, smoothing, showRaw: false }, 2).raw).toBeNull();
});

test("the y range covers what is visible, band included", () => {
  const banded = prepare(
    series([1, 2, 3, 4], { min: Float64Array.of(0, 1, -7, 4), max: Float64Array.of(1, 9, 3, 4) }),
    plain,
    3,
  );
  expect(yExtent([banded], { low: 0, high: 3 }, false)).toEqual({ low: -7, high: 9 });
  expect(yExtent([banded], { low: 2, high: 3 }, false)).toEqual({ low: -7, high: 4 });
  expect(yExtent([banded], { low: 8, high: 9 }, false)).toBeNull();
  const plainOnly = prepare(banded.series, { ...plain, band: false }, 3);
  expect(yExtent([plainOnly], { low: 0, high: 3 }, false)).toEqual({ low: 1, high: 4 });
});

test("ignoring outliers leaves out the outermost fiftieth at either end", () => {
  const y = Array.from({ length: 101 }, (_, i) => i);
  y[50] = 1e9;
  y[51] = -1e9;
  const range = yExtent([prepare(series(y), plain, 100)], { low: 0, high: 100 }, true);
  expect(range).toEqual({ low: 1, high: 99 });
});

test("the x range is that of all series; a logarithmic one begins above zero", () => {
  const a = series([1, 1], { x: Float64Array.of(0, 5) });
  const b = series([1, 1], { x: Float64Array.of(3, 90) });
  expect(xExtent([a, b], "linear")).toEqual({ low: 0, high: 90 });
  expect(xExtent([a, b], "log")).toEqual({ low: 3, high: 90 });
  expect(xExtent([], "linear")).toBeNull();
});

test("lowerBound finds the first element that is not below", () => {
  const sorted = Float64Array.of(1, 2, 2, 5);
  expect([0, 1, 2, 3, 5, 6].map((value) => lowerBound(sorted, value))).toEqual([0, 0, 1, 3, 3, 4]);
});
