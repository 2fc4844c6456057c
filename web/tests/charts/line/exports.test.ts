import { expect, test } from "vitest";
import type { LineChartCore } from "@/charts/line/core";
import { toCsv, toSvg } from "@/charts/line/exports";
import { computeFrame } from "@/charts/line/frame";
import { preparationOf, prepare } from "@/charts/line/prepare";
import type { LineSeries, LineView } from "@/charts/line/types";

const theme = {
  text: "#555555", strong: "#111111", grid: "#eeeeee", axis: "#cccccc", crosshair: "#777777",
  surface: "#ffffff", selection: "#0000ff", warning: "#aa5500", font: "sans-serif", dark: false,
}; // biome-ignore format: a table

function drawn(series: LineSeries[], view: LineView = {}): LineChartCore {
  const prepared = series.map((each) => prepare(each, preparationOf(view), 10));
  const input = {
    series,
    view,
    interaction: {},
    title: "損失 <loss>",
    locale: "ja",
    timeZone: "UTC",
  } as const;
  const frame = computeFrame({
    width: 400,
    height: 200,
    series,
    prepared,
    view,
    zoom: null,
    axis: { kind: "number", scale: "linear", locale: "ja", timeZone: "UTC" },
    measure: (text) => text.length * 6,
  });
  return {
    canvas: () => document.createElement("canvas"),
    scene: () => ({ frame, prepared, input, theme }),
  } as unknown as LineChartCore;
}

const series: LineSeries = {
  id: "a",
  label: '=cmd, "一"',
  detail: "loss",
  color: "#123456",
  dash: [6, 3],
  x: Float64Array.of(0, 1, 2, 3),
  y: Float64Array.of(1, Number.NaN, Number.POSITIVE_INFINITY, 4),
  min: Float64Array.of(0.5, Number.NaN, Number.NaN, 4),
  max: Float64Array.of(2, Number.NaN, Number.NaN, 5),
};

test("the CSV holds what the range shows, quoted, and never a formula", () => {
  expect(toCsv(drawn([series], { xRange: [1, 3] })).split("\r\n")).toEqual([
    "series,detail,x,y,min,max,nonfinite",
    `"'=cmd, ""一""",loss,1,NaN,NaN,NaN,`,
    `"'=cmd, ""一""",loss,2,Infinity,NaN,NaN,`,
    `"'=cmd, ""一""",loss,3,4,4,5,`,
    "",
  ]);
});

test("the SVG is well-formed, names the chart and its lines, and marks what has no place", () => {
  const svg = toSvg(drawn([series]));
  const parsed = new DOMParser().parseFromString(svg, "image/svg+xml");
  expect(parsed.querySelector("parsererror")).toBeNull();
  expect(parsed.querySelector("title")?.textContent).toBe("損失 <loss>");
  const line = parsed.querySelector("path[stroke-dasharray]");
  expect(line?.getAttribute("stroke-dasharray")).toBe("6 3");
  expect(line?.querySelector("title")?.textContent).toBe('=cmd, "一" · loss');
  // The gap parts the line in two pieces.
  expect(line?.getAttribute("d")?.match(/M/g)).toHaveLength(2);
  expect(svg).toContain("▲");
  expect(svg).toContain("×");
  expect(svg).toContain("Noto Sans CJK JP");
});
