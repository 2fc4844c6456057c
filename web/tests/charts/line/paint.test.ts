import { describe, expect, test } from "vitest";
import { computeFrame } from "@/charts/line/frame";
import { ColumnPool, paintPlot, placeMarks } from "@/charts/line/paint";
import { preparationOf, prepare } from "@/charts/line/prepare";
import { Raster } from "@/charts/line/raster";
import { toPixel } from "@/charts/line/scales";
import type { LineSeries, LineView } from "@/charts/line/types";

const axis = { kind: "number", scale: "linear", locale: "en", timeZone: "UTC" } as const;
const theme = { surface: "#ffffff", grid: "#ffffff" };

/** Paints series of #000000 on white and tells how dark (0–255) the plot is at a place. */
function painted(series: LineSeries[], view: LineView = {}, ratio = 1) {
  const prepared = series.map((each) => prepare(each, preparationOf(view), 1000));
  const frame = computeFrame({
    width: 400,
    height: 240,
    series,
    prepared,
    view,
    zoom: null,
    axis,
    measure: (text) => text.length * 6,
  });
  const raster = new Raster(frame.plot.width * ratio, frame.plot.height * ratio);
  const dots = paintPlot(raster, new ColumnPool(), { frame, prepared, view, ratio }, theme);
  const darkness = (x: number, y: number) => {
    const column = Math.min(raster.width - 1, Math.floor(toPixel(frame.toX, x) * ratio));
    const row = Math.min(raster.height - 1, Math.floor(toPixel(frame.toY, y) * ratio));
    return 255 - raster.colorAt(column, row)[0];
  };
  const column = (x: number) => {
    const at = Math.min(raster.width - 1, Math.floor(toPixel(frame.toX, x) * ratio));
    return Array.from({ length: raster.height }, (_, row) => 255 - raster.colorAt(at, row)[0]);
  };
  return { frame, prepared, dots, darkness, column, raster };
}

function line(y: number[], more: Partial<LineSeries> = {}): LineSeries {
  return {
    id: "s",
    label: "s",
    color: "#000000",
    x: Float64Array.from(y, (_, i) => i),
    y: Float64Array.from(y),
    ...more,
  };
}

describe("true extremes", () => {
  const flat = () => new Float64Array(1000).fill(1);

  test("a band's spike of one bucket is dark over its whole height", () => {
    const max = flat().map((value) => value + 0.1);
    const min = flat().map((value) => value - 0.1);
    max[500] = 10;
    min[700] = -10;
    const { darkness } = painted([line([...flat()], { min, max })]);
    for (const y of [2, 5, 9.9]) expect(darkness(500, y)).toBeGreaterThan(120);
    for (const y of [-2, -5, -9.9]) expect(darkness(700, y)).toBeGreaterThan(120);
    expect(darkness(300, 5)).toBe(0);
  });

  test("a line's spike survives thousands of points in each column", () => {
    const y = new Array<number>(1_000_000).fill(0);
    y[654_321] = 7;
    const { darkness } = painted([line(y)]);
    for (const height of [1, 4, 6.9]) expect(darkness(654_321, height)).toBeGreaterThan(200);
  });

  test("a band is paler than its line and covers exactly what lies between", () => {
    const { darkness } = painted([line([...flat()], { min: flat().fill(0), max: flat().fill(4) })]);
    expect(darkness(500, 1)).toBeGreaterThan(200);
    expect(darkness(500, 3)).toBeGreaterThan(20);
    expect(darkness(500, 3)).toBeLessThan(80);
  });
});

describe("steep lines", () => {
  const between = (column: number[], rows: [number, number]) => column.slice(...rows);

  test.each([1, 2])("a step paints nothing beyond its two levels (ratio %i)", (ratio) => {
    const y = Array.from({ length: 400 }, (_, i) => (i < 200 ? 0 : i < 300 ? 10 : 4));
    const { raster, frame } = painted([line(y)], {}, ratio);
    const row = (value: number) => toPixel(frame.toY, value) * ratio;
    for (let column = 0; column < raster.width; column++) {
      for (let at = 0; at < raster.height; at++) {
        if (at > row(10) - 3 * ratio && at < row(0) + 3 * ratio) continue;
        expect(raster.colorAt(column, at)[0]).toBe(255);
      }
    }
  });

  test("the whole height of a step is painted", () => {
    const y = Array.from({ length: 400 }, (_, i) => (i < 200 ? 0 : 10));
    const { raster, frame } = painted([line(y)]);
    const rows: [number, number] = [
      Math.ceil(toPixel(frame.toY, 10)) + 2,
      Math.floor(toPixel(frame.toY, 0)) - 2,
    ];
    const dark = Array.from({ length: raster.height }, (_, at) =>
      Math.max(...Array.from({ length: raster.width }, (_, c) => 255 - raster.colorAt(c, at)[0])),
    );
    for (const darkness of between(dark, rows)) expect(darkness).toBeGreaterThan(100);
  });

  test("a steep straight line is as dark as a flat one", () => {
    const { column } = painted([line([0, 100])], { yRange: [0, 1] });
    const dark = column(0.005);
    expect(Math.max(...dark)).toBeGreaterThan(200);
  });
});

describe("gaps", () => {
  test("nothing is drawn over values that are not finite", () => {
    const { column } = painted([line([1, 1, Number.NaN, Number.NaN, 1, 1])]);
    expect(Math.max(...column(2.5))).toBe(0);
    expect(Math.max(...column(0.5))).toBeGreaterThan(200);
    expect(Math.max(...column(4.5))).toBeGreaterThan(200);
  });

  test("a point between gaps is a dot", () => {
    const { dots, frame } = painted([line([Number.NaN, 5, Number.NaN, 2, 2])]);
    expect(dots).toEqual([
      {
        x: expect.closeTo(toPixel(frame.toX, 1), 4),
        y: expect.closeTo(toPixel(frame.toY, 5), 4),
        color: "#000000",
      },
    ]);
  });

  test("a series of one point is a dot in the middle, with one tick", () => {
    const { dots, frame } = painted([line([0.5])]);
    expect(dots[0]?.x).toBeCloseTo(frame.plot.width / 2);
    expect(frame.xTicks).toEqual([{ value: 0, label: "0" }]);
  });

  test("marks lie on the plot's edges and do not pile up", () => {
    const y = [1, Number.POSITIVE_INFINITY, 1, Number.NEGATIVE_INFINITY, 1, Number.NaN, 1];
    const { frame, prepared } = painted([line(y), line(y, { id: "t" })]);
    const marks = placeMarks(frame, prepared);
    expect(marks.map((mark) => mark.kind)).toEqual(["up", "down", "nan"]);
    expect(marks[0]?.y).toBeLessThan(10);
    expect(marks[1]?.y).toBeGreaterThan(frame.plot.height - 10);
  });
});

test("lines are as thick as they should be, whatever their slope", () => {
  const { column, frame } = painted([line([0, 100], { width: 2 })], {}, 2);
  const covered = column(50).reduce((sum, each) => sum + each / 255, 0);
  const slope = (frame.toY.factor * 100) / (frame.toX.factor * 1);
  expect(covered).toBeCloseTo(4 * Math.sqrt(1 + slope * slope), 0);
});

test("dashes leave columns free", () => {
  const { column } = painted([line([1, 1], { dash: [10, 10] })]);
  const isDark = Array.from({ length: 40 }, (_, i) => Math.max(...column(i / 370)) > 100);
  expect(isDark.filter(Boolean).length).toBeGreaterThan(10);
  expect(isDark.filter((each) => !each).length).toBeGreaterThan(10);
});

test("a chart without points has no ticks", () => {
  const { frame } = painted([]);
  expect([frame.empty, frame.xTicks, frame.yTicks]).toEqual([true, [], []]);
});

test("fixed ranges are obeyed on both axes", () => {
  const { frame } = painted([line([1, 2, 3])], { xRange: [1, null], yRange: [0, 10] });
  expect([frame.x, frame.y]).toEqual([
    { low: 1, high: 2 },
    { low: 0, high: 10 },
  ]);
});
