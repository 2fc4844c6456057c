import { describe, expect, it } from "vitest";
import { aggregate, stack, valueOn } from "./aggregate";
import { density, frontier, quantile, regression, seeded, studentT } from "./statistics";

const course = (x: number[], y: number[]) => ({ x: Float64Array.from(x), y: Float64Array.from(y) });

describe("statistics", () => {
  it("has the quantiles of Student's t", () => {
    expect(studentT(2)).toBe(4.303);
    expect(studentT(60)).toBeCloseTo(2.0003, 3);
  });

  it("finds a line of least squares with its interval", () => {
    const found = regression([
      [1, 2],
      [2, 4.1],
      [3, 5.9],
      [4, 8],
    ]);
    expect(found?.slope).toBeCloseTo(1.98, 10);
    expect(found?.intercept).toBeCloseTo(0.05, 10);
    expect(found?.r).toBeCloseTo(0.99954, 4);
    // s = 0.1, t(2) = 4.303: 4.303 × 0.1 × sqrt(1/4) in the middle.
    expect(found?.margin(2.5)).toBeCloseTo(4.303 * Math.sqrt(0.018 / 2) * 0.5, 3);
    expect(
      regression([
        [1, 1],
        [1, 2],
        [1, 3],
      ]),
    ).toBeNull();
  });

  it("finds the points that no other beats in both ways", () => {
    const points = [
      [1, 5],
      [2, 3],
      [3, 4],
      [4, 1],
      [1, 6],
    ] as const;
    expect(frontier(points, ["min", "min"])).toEqual([0, 1, 3]);
    expect(frontier(points, ["max", "max"])).toEqual([4, 2, 3]);
  });

  it("has densities that come to one", () => {
    const found = density([1, 2, 2, 3, 7, 8]);
    const step = (found[1]?.[0] ?? 0) - (found[0]?.[0] ?? 0);
    expect(found.reduce((sum, [, y]) => sum + y * step, 0)).toBeCloseTo(1, 0);
    expect(density([4, 4])).toEqual([]);
    expect(quantile([1, 2, 3, 10], 0.5)).toBe(2.5);
  });
});

describe("groups of lines", () => {
  const seeds = [
    course([0, 1, 2], [1, 2, 3]),
    course([0, 1, 2], [3, 2, 5]),
    course([0, 2], [2, 7]),
  ];

  it("have the mean and the 95 % interval that one computes by hand", () => {
    const found = aggregate(seeds, { aggregate: "mean", band: "interval" });
    expect([...found.x]).toEqual([0, 1, 2]);
    // At 0: 1, 3, 2; at 1 the third lies between its points at 4.5; at 2: 3, 5, 7.
    expect([...found.y]).toEqual([2, (2 + 2 + 4.5) / 3, 5]);
    expect(found.max?.[0]).toBeCloseTo(2 + (4.303 * 1) / Math.sqrt(3), 6);
    expect(found.min?.[2]).toBeCloseTo(5 - (4.303 * 2) / Math.sqrt(3), 6);
  });

  it("have other bands", () => {
    const band = (name: "range" | "deviation" | "error" | "bootstrap") => {
      const found = aggregate(seeds, { band: name });
      return [found.min?.[2], found.max?.[2]];
    };
    expect(band("range")).toEqual([3, 7]);
    expect(band("deviation")).toEqual([3, 7]);
    expect(band("error")[1]).toBeCloseTo(5 + 2 / Math.sqrt(3), 10);
    const [low = 0, high = 0] = band("bootstrap");
    expect(low).toBeGreaterThanOrEqual(3);
    expect(high).toBeLessThanOrEqual(7);
    expect(low).toBeLessThan(5);
    expect(high).toBeGreaterThan(5);
    expect(band("bootstrap")).toEqual([low, high]);
    expect(aggregate(seeds, { band: "none" }).min).toBeUndefined();
    expect([...aggregate(seeds, { aggregate: "median" }).y]).toEqual([2, 2, 5]);
  });

  it("leave out what a run does not reach, and what is no number", () => {
    const found = aggregate([course([0, 1], [1, 1]), course([1, 2], [Number.NaN, 5])], {});
    expect([...found.y]).toEqual([1, 1, 5]);
    expect([found.min?.[0], found.max?.[2]]).toEqual([Number.NaN, Number.NaN]);
    expect(valueOn(course([1, 3], [10, 20]), 2)).toBe(15);
    expect(valueOn(course([1, 3], [10, 20]), 4)).toBeNaN();
  });

  it("pile up, also as parts of a hundred", () => {
    const piles = stack([course([0, 1], [1, 3]), course([0, 1], [3, 1])], false);
    expect(piles.map(({ min, max }) => [[...(min ?? [])], [...(max ?? [])]])).toEqual([
      [
        [0, 0],
        [1, 3],
      ],
      [
        [1, 3],
        [4, 4],
      ],
    ]);
    const parts = stack([course([0, 1], [1, 3]), course([0, 1], [3, 1])], true);
    expect(parts.map(({ y }) => [...y])).toEqual([
      [25, 75],
      [100, 100],
    ]);
    expect(seeded(3)()).toBe(seeded(3)());
  });
});
