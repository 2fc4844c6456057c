/**
 * Frame times while the pointer moves over, and zooms into, 100 series × 1,000 buckets with
 * bands. Open the page in a browser, or run `bench/measure.py`; results are in
 * `window.results`.
 */
import uPlot from "uplot";
import { LineChartCore } from "@/charts/line/core";
import type { LineSeries, LineView } from "@/charts/line/types";
import { color, loss } from "../gallery/data";

const SERIES = 100;
const BUCKETS = 1000;
const FRAMES = 60;

interface Timing {
  /** From one frame to the next, in ms: what a person sees. */
  frame: { median: number; p95: number };
  /** Our own work in a frame, in ms. */
  work: { median: number; p95: number };
}

const nextFrame = () => new Promise<number>((resolve) => requestAnimationFrame(resolve));

function summary(values: number[]) {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (share: number) =>
    sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;
  return { median: Number(at(0.5).toFixed(1)), p95: Number(at(0.95).toFixed(1)) };
}

/** Plays one action a frame. What it schedules for the frame is done when a later callback runs. */
async function timed(action: (n: number) => void): Promise<Timing> {
  for (let n = 0; n < 10; n++) {
    action(n);
    await nextFrame();
  }
  const frames: number[] = [];
  const work: number[] = [];
  let last = performance.now();
  for (let n = 0; n < FRAMES; n++) {
    const before = performance.now();
    action(n);
    const acted = performance.now() - before;
    // Callbacks of one frame run in order: ours is registered after the chart's.
    await nextFrame();
    const now = performance.now();
    const began = (document.timeline.currentTime as number) ?? now;
    work.push(acted + Math.max(0, now - Math.max(began, before + acted)));
    frames.push(now - last);
    last = now;
  }
  return { frame: summary(frames), work: summary(work) };
}

function data(): LineSeries[] {
  return Array.from({ length: SERIES }, (_, n) => ({
    ...loss(n % 12, { length: BUCKETS, floor: 0.1 + n * 0.012 }),
    id: `s${n}`,
    label: `run-${n}`,
    color: color(n),
  }));
}

function mount(series: LineSeries[], view: LineView = {}, className = "box", syncKey?: string) {
  const box = document.createElement("div");
  box.className = className;
  document.getElementById("stage")?.append(box);
  const chart = new LineChartCore(box, {
    series,
    view,
    interaction: { syncKey },
    title: "bench",
    locale: "en",
    timeZone: "UTC",
  });
  return { chart, box };
}

function hover(box: HTMLElement) {
  return (n: number) => {
    const { left, top } = box.getBoundingClientRect();
    const clientX = left + 80 + ((n * 13) % (box.clientWidth - 120));
    const clientY = top + 60 + ((n * 7) % (box.clientHeight - 120));
    box.dispatchEvent(
      new PointerEvent("pointermove", { clientX, clientY, pointerType: "mouse", pointerId: 1 }),
    );
  };
}

const zoomStep = (n: number) => ({ low: n * 60, high: 24_975 - n * 60 });

async function ours(series: LineSeries[], view: LineView) {
  const { chart, box } = mount(series, view);
  await nextFrame();
  await nextFrame();
  const hovering = await timed(hover(box));
  const zooming = await timed((n) => chart.zoom(zoomStep(n), false));
  chart.destroy();
  box.remove();
  return { hover: hovering, zoom: zooming };
}

async function synced() {
  const charts = Array.from({ length: 12 }, (_, n) =>
    mount(
      Array.from({ length: 20 }, (_, k) => loss((n + k) % 12, { length: 300 })).map((each, k) => ({
        ...each,
        id: `r${k}`,
      })),
      {},
      "small",
      "all",
    ),
  );
  await nextFrame();
  await nextFrame();
  const result = await timed(hover((charts[0] as { box: HTMLElement }).box));
  for (const { chart, box } of charts) {
    chart.destroy();
    box.remove();
  }
  return result;
}

/** The same lines and bands by uPlot, for comparison. */
async function peer(series: LineSeries[]) {
  const box = document.createElement("div");
  document.getElementById("stage")?.append(box);
  const columns: Float64Array[] = [(series[0] as LineSeries).x];
  const lines: uPlot.Series[] = [{}];
  const bands: uPlot.Band[] = [];
  for (const each of series) {
    columns.push(each.y, each.min as Float64Array, each.max as Float64Array);
    lines.push({ stroke: each.color, width: 1 }, { width: 0 }, { width: 0 });
    bands.push({ series: [columns.length - 1, columns.length - 2], fill: `${each.color}28` });
  }
  const chart = new uPlot(
    {
      width: 900,
      height: 360,
      series: lines,
      bands,
      scales: { x: { time: false } },
      legend: { show: false },
    },
    columns as unknown as uPlot.AlignedData,
    box,
  );
  const hovering = await timed((n) => chart.setCursor({ left: 80 + n * 10, top: 50 }));
  const zooming = await timed((n) => {
    const { low, high } = zoomStep(n);
    chart.setScale("x", { min: low, max: high });
  });
  chart.destroy();
  box.remove();
  return { hover: hovering, zoom: zooming };
}

async function run() {
  const series = data();
  const results = {
    pixelRatio: devicePixelRatio,
    idle: await timed(() => {}),
    lines: await ours(series, {}),
    smoothed: await ours(series, { smoothing: { kind: "ema", weight: 0.9 } }),
    logScale: await ours(series, { yScale: "log" }),
    syncedHover12Charts: await synced(),
    uPlot: await peer(series),
  };
  const out = document.getElementById("result");
  if (out) out.textContent = JSON.stringify(results, null, 1);
  (window as unknown as { results: unknown }).results = results;
}

void run();
