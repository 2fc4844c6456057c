import { expect, test } from "vitest";
import { linesFromBuckets } from "@/charts/line";
import type { Buckets, SeriesTable } from "@/lib/buckets";

function buckets(part: Partial<Record<keyof Buckets, number[]>>): Buckets {
  const of = (name: keyof Buckets) => Float64Array.from(part[name] ?? [1, 1, 1]);
  return {
    run: "r1",
    key: "loss",
    xFirst: of("xFirst"),
    xLast: of("xLast"),
    min: of("min"),
    max: of("max"),
    mean: of("mean"),
    last: of("last"),
    count: of("count"),
    nonfinite: of("nonfinite"),
  };
}

const table = (...items: Buckets[]): SeriesTable => ({ low: 0, high: 10, items });
const look = () => ({ label: "first run", color: "#123456" });

test("buckets are drawn at their mean in their middle, the outer ones at the ends of the data", () => {
  const wide = buckets({
    xFirst: [0, 10, 20],
    xLast: [8, 18, 20],
    mean: [2, 3, 4],
    min: [1, 2, 4],
    max: [5, 6, 4],
    last: [2.5, 3.5, 4],
    nonfinite: [0, 0, 0],
  });
  expect(linesFromBuckets(table(wide), look)).toEqual([
    {
      id: "r1 loss",
      group: "r1",
      label: "first run",
      detail: "loss",
      color: "#123456",
      x: Float64Array.of(0, 14, 20),
      y: Float64Array.of(2, 3, 4),
      min: wide.min,
      max: wide.max,
      last: wide.last,
      nonfinite: wide.nonfinite,
    },
  ]);
  const [last] = linesFromBuckets(table(wide), look, "last");
  expect([last?.x, last?.y]).toEqual([wide.xLast, wide.last]);
});

test("buckets of single points have no band", () => {
  const single = buckets({ min: [1, 2, 3], max: [1, 2, 3], mean: [1, 2, 3] });
  const [line] = linesFromBuckets(table(single), look);
  expect(line).not.toHaveProperty("min");
});

test("a bucket without finite values keeps the kind of its last one", () => {
  const { NaN: nan, POSITIVE_INFINITY: inf, NEGATIVE_INFINITY: minusInf } = Number;
  const broken = buckets({ mean: [nan, nan, nan], last: [nan, inf, minusInf] });
  const [line] = linesFromBuckets(table(broken), look);
  expect([...(line?.y ?? [])]).toEqual([nan, inf, minusInf]);
});

test("the same buckets give the same line, another look another one", () => {
  const one = table(buckets({}));
  expect(linesFromBuckets(one, look)[0]).toBe(linesFromBuckets(one, look)[0]);
  const other = linesFromBuckets(one, () => ({ label: "renamed", color: "#123456" }));
  expect(other[0]).not.toBe(linesFromBuckets(one, look)[0]);
  expect(linesFromBuckets(one, () => null)).toEqual([]);
});
