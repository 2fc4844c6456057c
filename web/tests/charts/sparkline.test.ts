import { expect, test } from "vitest";
import { sparkPath, sparkPoints } from "@/charts/sparkline/sparkline";

test("the highest and the lowest value reach the box's edges", () => {
  const y = new Array<number>(10_000).fill(1);
  y[5000] = 9;
  y[7000] = -3;
  const heights = sparkPoints(null, y, 96, 24, 2).map((point) => point?.[1]);
  expect([Math.min(...(heights as number[])), Math.max(...(heights as number[]))]).toEqual([2, 22]);
  expect(heights.length).toBeLessThan(200);
});

test("gaps begin a new piece; one value is a point in the middle", () => {
  expect(
    sparkPath(sparkPoints(null, [0, 1, Number.NaN, 1, 0], 14, 10, 2)).match(/M/g),
  ).toHaveLength(2);
  expect(sparkPoints(null, [3], 96, 24)).toEqual([[48, 12]]);
  expect(sparkPoints(null, [Number.NaN], 96, 24)).toEqual([]);
});
