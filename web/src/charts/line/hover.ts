import type { Frame } from "./frame";
import { lowerBound, type Prepared } from "./prepare";
import { forward } from "./scales";

/** A series' point nearest to the cursor's x. */
export interface Hit {
  prepared: Prepared;
  index: number;
  /** The drawn value: smoothed where smoothing is on. */
  value: number;
  /** CSS pixels in the plot; NaN for values that have no place. */
  x: number;
  y: number;
  /** How far the line passes from the pointer, in CSS pixels; Infinity without a pointer. */
  distance: number;
}

/** Beyond its ends a series answers for that many pixels. */
const REACH = 24;

/** One hit for each series that has something to say at `x` (data units). */
export function hitsAt(
  frame: Frame,
  prepared: readonly Prepared[],
  x: number,
  pointerY: number | null,
): Hit[] {
  const straight = forward(x, frame.toX.scale);
  const { factor, offset } = frame.toX;
  const pointerX = straight * factor + offset;
  const hits: Hit[] = [];
  for (const each of prepared) {
    const index = nearestIndex(each.x, straight);
    if (index < 0) continue;
    const px = (each.x[index] as number) * factor + offset;
    const inside = straight >= (each.x[0] as number) && straight <= (each.x.at(-1) as number);
    if (!inside && !(Math.abs(px - pointerX) <= REACH)) continue;
    const y = (each.y[index] as number) * frame.toY.factor + frame.toY.offset;
    hits.push({
      prepared: each,
      index,
      value: drawnValue(each, index, frame),
      x: px,
      y: Number.isFinite(y) ? y : Number.NaN,
      distance:
        pointerY === null
          ? Number.POSITIVE_INFINITY
          : distanceTo(each, index, frame, pointerX, pointerY),
    });
  }
  return hits;
}

function drawnValue(prepared: Prepared, index: number, frame: Frame): number {
  const original = prepared.series.y[index] as number;
  const drawn = prepared.y[index] as number;
  if (!Number.isFinite(original) || !Number.isFinite(drawn)) return original;
  return frame.toY.scale === "log" ? 10 ** drawn : drawn;
}

function nearestIndex(sorted: Float64Array, value: number): number {
  if (sorted.length === 0) return -1;
  const after = lowerBound(sorted, value);
  if (after === 0) return 0;
  if (after === sorted.length) return after - 1;
  return value - (sorted[after - 1] as number) <= (sorted[after] as number) - value
    ? after - 1
    : after;
}

/** Distance from the pointer to the pieces of line on either side of the point. */
function distanceTo(prepared: Prepared, index: number, frame: Frame, x: number, y: number): number {
  let best = Number.POSITIVE_INFINITY;
  const px = (i: number) => (prepared.x[i] as number) * frame.toX.factor + frame.toX.offset;
  const py = (i: number) => (prepared.y[i] as number) * frame.toY.factor + frame.toY.offset;
  for (let i = Math.max(0, index - 2); i < Math.min(prepared.x.length, index + 3); i++) {
    const own = Math.hypot(px(i) - x, py(i) - y);
    if (own < best) best = own;
    if (i + 1 >= prepared.x.length) continue;
    const between = segmentDistance(px(i), py(i), px(i + 1), py(i + 1), x, y);
    if (between < best) best = between;
  }
  return best;
}

function segmentDistance(
  x0: number,
  y0: number,
  x1: number,
  y1: number,
  x: number,
  y: number,
): number {
  const dx = x1 - x0;
  const dy = y1 - y0;
  const length = dx * dx + dy * dy;
  const along = length > 0 ? Math.min(1, Math.max(0, ((x - x0) * dx + (y - y0) * dy) / length)) : 0;
  return Math.hypot(x0 + along * dx - x, y0 + along * dy - y);
}

export interface TooltipRows {
  rows: Hit[];
  /** How many are not in `rows`. */
  more: number;
}

/** The hits that a tooltip shows. By value, the shown ones surround the nearest. */
export function tooltipRows(
  hits: readonly Hit[],
  order: "nearness" | "value",
  limit: number,
): TooltipRows {
  const near = [...hits].sort((a, b) => finite(a.distance) - finite(b.distance));
  if (order === "nearness")
    return { rows: near.slice(0, limit), more: Math.max(0, hits.length - limit) };
  const byValue = [...hits].sort((a, b) => rank(b.value) - rank(a.value));
  const centre = near[0] ? byValue.indexOf(near[0]) : 0;
  const from = Math.max(0, Math.min(centre - Math.floor(limit / 2), byValue.length - limit));
  const rows = byValue.slice(from, from + limit);
  return { rows, more: hits.length - rows.length };
}

/** Sorts what has no distance or value last, without NaN from Infinity − Infinity. */
function finite(distance: number): number {
  return Number.isFinite(distance) ? distance : Number.MAX_VALUE;
}

function rank(value: number): number {
  if (Number.isNaN(value)) return -Number.MAX_VALUE;
  return Math.max(-Number.MAX_VALUE, Math.min(Number.MAX_VALUE, value));
}
