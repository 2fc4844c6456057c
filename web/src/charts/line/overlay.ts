import { formatShort } from "@/lib/numbers";
import type { ChartTheme } from "../theme";
import type { Frame } from "./frame";
import type { Hit } from "./hover";
import { lineWidth } from "./paint";
import { lowerBound, type Prepared } from "./prepare";
import { forward, toPixel } from "./scales";

export interface Overlay {
  /** Cursor in data units. */
  x: number | null;
  hits: readonly Hit[];
  /** The lit-up group. */
  highlight: string | null;
  /** The range being dragged, in CSS pixels of the plot. */
  selection: readonly [number, number] | null;
  /** A chart that only follows shows the lit-up value beside its dot. */
  follows: boolean;
}

/** Dots on every line up to that many; beyond, on the lit-up one only. */
const MOST_DOTS = 30;

/** Paints what moves with the pointer. The context is scaled to CSS pixels. */
export function paintOverlay(
  context: CanvasRenderingContext2D,
  frame: Frame,
  prepared: readonly Prepared[],
  overlay: Overlay,
  theme: ChartTheme,
): void {
  const { plot } = frame;
  context.clearRect(0, 0, frame.width, frame.height);
  context.save();
  context.translate(plot.left, plot.top);
  context.beginPath();
  context.rect(-4, -4, plot.width + 8, plot.height + 4);
  context.clip();

  const lit =
    overlay.highlight === null
      ? []
      : prepared.filter((each) => groupOf(each) === overlay.highlight);
  if (lit.length > 0 && lit.length < prepared.length) {
    context.globalAlpha = 0.62;
    context.fillStyle = theme.surface;
    context.fillRect(0, 0, plot.width, plot.height);
    context.globalAlpha = 1;
    for (const each of lit) strokeLine(context, frame, each, lineWidth(lit.length) + 0.6);
  }
  if (overlay.selection) paintSelection(context, plot.height, overlay.selection, theme);
  if (overlay.x !== null) {
    const x = Math.round(toPixel(frame.toX, overlay.x)) + 0.5;
    context.strokeStyle = theme.crosshair;
    context.lineWidth = 1;
    context.setLineDash([3, 3]);
    context.beginPath();
    context.moveTo(x, 0);
    context.lineTo(x, plot.height);
    context.stroke();
    context.setLineDash([]);
    for (const hit of overlay.hits) paintDot(context, hit, overlay, theme);
  }
  context.restore();
}

export function groupOf(prepared: Prepared): string {
  return prepared.series.group ?? prepared.series.id;
}

function strokeLine(
  context: CanvasRenderingContext2D,
  frame: Frame,
  prepared: Prepared,
  width: number,
): void {
  const { factor: ax, offset: bx, scale } = frame.toX;
  const { factor: ay, offset: by } = frame.toY;
  const from = Math.max(0, lowerBound(prepared.x, forward(frame.x.low, scale)) - 1);
  const to = Math.min(prepared.x.length, lowerBound(prepared.x, forward(frame.x.high, scale)) + 2);
  context.strokeStyle = prepared.series.color;
  context.lineWidth = width;
  context.lineJoin = "round";
  context.setLineDash([...(prepared.series.dash ?? [])]);
  context.beginPath();
  let drawing = false;
  for (let i = from; i < to; i++) {
    const value = prepared.y[i] as number;
    if (!Number.isFinite(value)) {
      drawing = false;
      continue;
    }
    const x = (prepared.x[i] as number) * ax + bx;
    const y = value * ay + by;
    if (drawing) context.lineTo(x, y);
    else context.moveTo(x, y);
    drawing = true;
  }
  context.stroke();
  context.setLineDash([]);
}

function paintSelection(
  context: CanvasRenderingContext2D,
  height: number,
  [a, b]: readonly [number, number],
  theme: ChartTheme,
): void {
  context.fillStyle = theme.selection;
  context.fillRect(Math.min(a, b), 0, Math.abs(b - a), height);
  context.fillStyle = theme.crosshair;
  context.fillRect(Math.round(a), 0, 1, height);
  context.fillRect(Math.round(b), 0, 1, height);
}

function paintDot(
  context: CanvasRenderingContext2D,
  hit: Hit,
  overlay: Overlay,
  theme: ChartTheme,
): void {
  if (Number.isNaN(hit.y)) return;
  const isLit = overlay.highlight !== null && groupOf(hit.prepared) === overlay.highlight;
  if (!isLit && (overlay.highlight !== null || overlay.hits.length > MOST_DOTS)) return;
  context.beginPath();
  context.arc(hit.x, hit.y, isLit ? 4 : 3, 0, 2 * Math.PI);
  context.fillStyle = hit.prepared.series.color;
  context.fill();
  context.lineWidth = 1.5;
  context.strokeStyle = theme.surface;
  context.stroke();
  if (isLit && overlay.follows) paintValue(context, hit, theme);
}

function paintValue(context: CanvasRenderingContext2D, hit: Hit, theme: ChartTheme): void {
  const text = formatShort(hit.value);
  context.font = `600 11px ${theme.font}`;
  const width = context.measureText(text).width + 8;
  const left = hit.x > width + 12 ? hit.x - width - 8 : hit.x + 8;
  const top = Math.max(0, hit.y - 9);
  context.fillStyle = theme.surface;
  context.fillRect(left, top, width, 18);
  context.fillStyle = theme.strong;
  context.textAlign = "left";
  context.textBaseline = "middle";
  context.fillText(text, left + 4, top + 9.5);
}
