import { expect, test } from "vitest";
import { computeFrame } from "@/charts/line/frame";
import { hitsAt, tooltipRows } from "@/charts/line/hover";
import { preparationOf, prepare } from "@/charts/line/prepare";
import { toPixel } from "@/charts/line/scales";
import type { LineSeries } from "@/charts/line/types";

function scene(...all: { id: string; x: number[]; y: number[] }[]) {
  const series: LineSeries[] = all.map(({ id, x, y }) => ({
    id,
    label: id,
    color: "#000000",
    x: Float64Array.from(x),
    y: Float64Array.from(y),
  }));
  const prepared = series.map((each) => prepare(each, preparationOf({}), 100));
  const frame = computeFrame({
    width: 500,
    height: 300,
    series,
    prepared,
    view: {},
    zoom: null,
    axis: { kind: "number", scale: "linear", locale: "en", timeZone: "UTC" },
    measure: (text) => text.length * 6,
  });
  return { prepared, frame };
}

test("each series answers with its nearest point; those that ended long before are silent", () => {
  const { frame, prepared } = scene(
    { id: "long", x: [0, 50, 100], y: [1, 2, 3] },
    { id: "short", x: [0, 10], y: [5, 6] },
  );
  const hits = hitsAt(frame, prepared, 60, null);
  expect(hits.map((hit) => [hit.prepared.series.id, hit.index, hit.value])).toEqual([
    ["long", 1, 2],
  ]);
  expect(hitsAt(frame, prepared, 11, null)).toHaveLength(2);
});

test("distance is that to the drawn line, not to its points", () => {
  const { frame, prepared } = scene({ id: "a", x: [0, 100], y: [0, 10] });
  const [hit] = hitsAt(frame, prepared, 50, toPixel(frame.toY, 5));
  expect(hit?.distance).toBeCloseTo(0);
});

test("rows are sorted by nearness or by value, and cut with a count of the rest", () => {
  const { frame, prepared } = scene(
    ...[3, 1, 5, 4, 2].map((value) => ({ id: `v${value}`, x: [0, 100], y: [value, value] })),
  );
  const hits = hitsAt(frame, prepared, 50, toPixel(frame.toY, 1.9));
  const ids = (order: "nearness" | "value", limit: number) => {
    const { rows, more } = tooltipRows(hits, order, limit);
    return [...rows.map((hit) => hit.prepared.series.id), more];
  };
  expect(ids("nearness", 3)).toEqual(["v2", "v1", "v3", 2]);
  expect(ids("value", 10)).toEqual(["v5", "v4", "v3", "v2", "v1", 0]);
  // Of a long list the part around the pointer is shown.
  expect(ids("value", 2)).toEqual(["v3", "v2", 3]);
});

test("NaN and infinities sort without disorder", () => {
  const { frame, prepared } = scene(
    { id: "nan", x: [0, 100], y: [Number.NaN, Number.NaN] },
    { id: "inf", x: [0, 100], y: [Number.POSITIVE_INFINITY, 1] },
    { id: "one", x: [0, 100], y: [1, 1] },
  );
  const { rows } = tooltipRows(hitsAt(frame, prepared, 0, 10), "value", 9);
  expect(rows.map((hit) => hit.prepared.series.id)).toEqual(["inf", "one", "nan"]);
});
