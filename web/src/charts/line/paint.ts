import { type ChartTheme, type Rgb, toRgb } from "../theme";
import { Columns } from "./columns";
import type { Frame } from "./frame";
import { lowerBound, type MarkKind, type Prepared } from "./prepare";
import { Raster } from "./raster";
import { forward, toPixel } from "./scales";
import type { LineView } from "./types";

const BAND_OPACITY = 0.16;
const RAW_OPACITY = 0.28;
const DOT_RADIUS = 3;

/** Thinner lines where many share the plot; in CSS pixels. */
export function lineWidth(count: number): number {
  if (count <= 12) return 1.6;
  return count <= 40 ? 1.25 : 1;
}

/** Paints grid, bands and lines into a pixel buffer, reused from frame to frame. */
export class PlotPainter {
  private raster: Raster | null = null;
  private image: ImageData | null = null;
  private columns = new ColumnPool();
  /** Of the last painting: the points that stand alone. */
  dots: readonly Dot[] = [];

  paint(
    frame: Frame,
    prepared: readonly Prepared[],
    view: LineView,
    theme: ChartTheme,
    ratio: number,
  ): ImageData {
    const width = Math.max(1, Math.round(frame.plot.width * ratio));
    const height = Math.max(1, Math.round(frame.plot.height * ratio));
    if (!this.image || this.image.width !== width || this.image.height !== height) {
      this.image = new ImageData(width, height);
      this.raster = new Raster(width, height);
      this.columns = new ColumnPool();
    }
    this.dots = paintPlot(
      this.raster as Raster,
      this.columns,
      { frame, prepared, view, ratio },
      theme,
    );
    (this.raster as Raster).copyTo(new Int32Array(this.image.data.buffer));
    return this.image;
  }
}

interface Scene {
  frame: Frame;
  prepared: readonly Prepared[];
  view: LineView;
  ratio: number;
}

/** A point by itself: drawn over the plot, since half of it may lie outside. */
export interface Dot {
  x: number;
  y: number;
  color: string;
}

/** Columns that are kept from frame to frame: the first for bands, one for each line. */
export class ColumnPool {
  private readonly kept: Columns[] = [];

  get(n: number, width: number): Columns {
    let columns = this.kept[n];
    if (columns?.width !== width) {
      columns = new Columns(width);
      this.kept[n] = columns;
    }
    return columns;
  }
}

/** The painting itself, on any buffer. Returns the points that stand alone, in CSS pixels. */
export function paintPlot(
  raster: Raster,
  columns: ColumnPool,
  { frame, prepared, view, ratio }: Scene,
  theme: Pick<ChartTheme, "surface" | "grid">,
): Dot[] {
  const dots: Dot[] = [];
  raster.clear(toRgb(theme.surface));
  paintGrid(raster, frame, ratio, toRgb(theme.grid));
  const ax = frame.toX.factor * ratio;
  const bx = frame.toX.offset * ratio;
  const ay = frame.toY.factor * ratio;
  const by = frame.toY.offset * ratio;
  const xLow = forward(frame.x.low, frame.toX.scale);
  const xHigh = forward(frame.x.high, frame.toX.scale);
  const usual = lineWidth(prepared.length);
  const opacity = (view.smoothing?.kind ?? "none") === "none" ? 1 : RAW_OPACITY;

  // Bands and raw lines first, so that no line is hidden behind another one's noise.
  const bands = columns.get(0, raster.width);
  const pieces = prepared.map((each, n) => {
    const [first, end] = shown(each.x, xLow, xHigh);
    const lines = columns.get(n + 1, raster.width);
    lines.line(each.x, each.raw ?? each.y, ax, bx, ay, by, first, end);
    return { each, lines, first, end, color: toRgb(each.series.color) };
  });
  for (const { each, lines, first, end, color } of pieces) {
    if (each.min && each.max) {
      bands.area(each.x, each.min, each.max, ax, bx, ay, by, first, end);
      raster.fill(bands, color, each.raw ? BAND_OPACITY / 2 : BAND_OPACITY);
      paintSpikes(raster, bands, lines, color, each.raw ? opacity : 0.8, ratio);
    }
    if (!each.raw) continue;
    raster.stroke(lines, color, Math.max(1, ratio * 0.8), opacity);
    lines.line(each.x, each.y, ax, bx, ay, by, first, end);
  }
  for (const { each, lines, color } of pieces) {
    const dash = each.series.dash?.map((length) => length * ratio);
    const thickness = Math.max(1, (each.series.width ?? usual) * ratio);
    raster.stroke(lines, color, thickness, 1, dash);
    for (let i = 0; i < lines.lonely.length; i += 2) {
      const x = (lines.lonely[i] as number) / ratio;
      const y = (lines.lonely[i + 1] as number) / ratio;
      dots.push({ x, y, color: each.series.color });
    }
  }
  return dots;
}

/** Indexes to draw: one point beyond either edge, so that lines run out of the plot. */
function shown(x: Float64Array, low: number, high: number): [first: number, end: number] {
  let end = lowerBound(x, high);
  while (end < x.length && x[end] === high) end++;
  return [Math.max(0, lowerBound(x, low) - 1), Math.min(x.length, end + 1)];
}

function paintGrid(raster: Raster, frame: Frame, ratio: number, color: Rgb): void {
  const thin = Math.max(1, Math.round(ratio));
  for (const tick of frame.yTicks) {
    const y = Math.round(toPixel(frame.toY, tick.value) * ratio - thin / 2);
    raster.rows(y, thin, color);
  }
}

/**
 * Draws extremes that stand far out of their neighbourhood at nearly full strength: a spike of
 * one step is one column of a pale band, which nobody would see.
 */
export function paintSpikes(
  raster: Raster,
  bands: Columns,
  lines: Columns,
  color: Rgb,
  opacity: number,
  ratio: number,
): void {
  const reach = Math.max(2, Math.round(4 * ratio));
  const least = 6 * ratio;
  for (let column = bands.from; column <= bands.to; column++) {
    const top = bands.top[column] as number;
    if (!(top <= Infinity)) continue;
    const bottom = bands.bottom[column] as number;
    const before = Math.max(bands.from, column - reach);
    const after = Math.min(bands.to, column + reach);
    const topBefore = bands.top[before] as number;
    const topAfter = bands.top[after] as number;
    if (!(topBefore <= Infinity) || !(topAfter <= Infinity)) continue;
    const bottomBefore = bands.bottom[before] as number;
    const bottomAfter = bands.bottom[after] as number;
    const usual = (bottomBefore - topBefore + bottomAfter - topAfter) / 2;
    const needed = Math.max(least, usual * 1.2);
    const lineTop = lines.top[column] as number;
    const lineBottom = lines.bottom[column] as number;
    const hasLine = lineTop <= Infinity;
    if (Math.min(topBefore, topAfter) - top > needed) {
      raster.whisker(column, top, hasLine ? Math.max(top, lineBottom) : bottom, color, opacity);
    }
    if (bottom - Math.max(bottomBefore, bottomAfter) > needed) {
      raster.whisker(column, hasLine ? Math.min(lineTop, bottom) : top, bottom, color, opacity);
    }
  }
}

/** Axes, labels and marks around and over the plot. The context is scaled to CSS pixels. */
export function paintAxes(
  context: CanvasRenderingContext2D,
  frame: Frame,
  prepared: readonly Prepared[],
  view: LineView,
  theme: ChartTheme,
  dots: readonly Dot[],
): void {
  const { plot } = frame;
  context.font = `11px ${theme.font}`;
  context.fillStyle = theme.text;
  context.textBaseline = "middle";
  context.textAlign = "right";
  for (const tick of frame.yTicks) {
    context.fillText(tick.label, plot.left - 8, plot.top + toPixel(frame.toY, tick.value));
  }
  context.textBaseline = "alphabetic";
  context.textAlign = "center";
  const baseline = plot.top + plot.height;
  context.fillStyle = theme.axis;
  context.fillRect(plot.left, baseline, plot.width, 1);
  for (const tick of frame.xTicks) {
    const x = plot.left + toPixel(frame.toX, tick.value);
    context.fillStyle = theme.axis;
    context.fillRect(Math.round(x) - 0.5, baseline, 1, 4);
    context.fillStyle = theme.text;
    const half = context.measureText(tick.label).width / 2;
    const centre = Math.min(Math.max(x, half), frame.width - half);
    context.fillText(tick.label, centre, baseline + 16);
  }
  context.fillStyle = theme.text;
  if (view.xLabel) {
    context.textAlign = "right";
    context.fillText(view.xLabel, plot.left + plot.width, baseline + 16);
  }
  if (view.yLabel) {
    context.textAlign = "left";
    context.fillText(view.yLabel, 4, 14);
  }
  paintReferences(context, frame, view, theme);
  paintMarks(context, frame, prepared);
  for (const dot of dots) {
    if (dot.x < -1 || dot.x > plot.width + 1 || dot.y < -1 || dot.y > plot.height + 1) continue;
    context.beginPath();
    context.arc(plot.left + dot.x, plot.top + dot.y, DOT_RADIUS, 0, 2 * Math.PI);
    context.fillStyle = dot.color;
    context.fill();
  }
}

function paintReferences(
  context: CanvasRenderingContext2D,
  frame: Frame,
  view: LineView,
  theme: ChartTheme,
): void {
  const { plot } = frame;
  for (const reference of view.references ?? []) {
    const y = toPixel(frame.toY, reference.y);
    if (!(y >= 0 && y <= plot.height)) continue;
    context.strokeStyle = reference.color ?? theme.strong;
    context.setLineDash([4, 3]);
    context.lineWidth = 1;
    context.beginPath();
    context.moveTo(plot.left, Math.round(plot.top + y) + 0.5);
    context.lineTo(plot.left + plot.width, Math.round(plot.top + y) + 0.5);
    context.stroke();
    context.setLineDash([]);
    if (!reference.label) continue;
    context.fillStyle = reference.color ?? theme.strong;
    context.textAlign = "right";
    context.fillText(reference.label, plot.left + plot.width - 4, plot.top + y - 4);
  }
}

const MARK_SIZE = 4;

/** Marks lie on the plot's edge: ▲ at the top, ▼ and × at the bottom; no two in one place. */
export function placeMarks(frame: Frame, prepared: readonly Prepared[]) {
  const placed: { x: number; y: number; kind: MarkKind; color: string }[] = [];
  const taken = new Set<string>();
  for (const each of prepared) {
    for (const mark of each.marks) {
      const x = mark.x * frame.toX.factor + frame.toX.offset;
      if (!(x >= -0.5 && x <= frame.plot.width + 0.5)) continue;
      const place = `${mark.kind}${Math.round(x / (MARK_SIZE * 2))}`;
      if (taken.has(place)) continue;
      taken.add(place);
      const y = mark.kind === "up" ? MARK_SIZE + 1 : frame.plot.height - MARK_SIZE - 1;
      placed.push({ x, y, kind: mark.kind, color: each.series.color });
    }
  }
  return placed;
}

function paintMarks(
  context: CanvasRenderingContext2D,
  frame: Frame,
  prepared: readonly Prepared[],
): void {
  for (const { x, y, kind, color } of placeMarks(frame, prepared)) {
    const cx = frame.plot.left + x;
    const cy = frame.plot.top + y;
    context.beginPath();
    if (kind === "nan") {
      context.moveTo(cx - 3, cy - 3);
      context.lineTo(cx + 3, cy + 3);
      context.moveTo(cx + 3, cy - 3);
      context.lineTo(cx - 3, cy + 3);
      context.strokeStyle = color;
      context.lineWidth = 1.6;
      context.stroke();
      continue;
    }
    const tip = kind === "up" ? -MARK_SIZE : MARK_SIZE;
    context.moveTo(cx, cy + tip);
    context.lineTo(cx - MARK_SIZE, cy - tip * 0.7);
    context.lineTo(cx + MARK_SIZE, cy - tip * 0.7);
    context.fillStyle = color;
    context.fill();
  }
}
