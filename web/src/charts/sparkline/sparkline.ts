/** Points of a small line, in CSS pixels; null begins a new piece. */
export type SparkPoint = readonly [x: number, y: number] | null;

/** Fits values into a box, at most one column's extremes per pixel, so that no peak is lost. */
export function sparkPoints(
  x: ArrayLike<number> | null,
  y: ArrayLike<number>,
  width: number,
  height: number,
  padding = 2,
): SparkPoint[] {
  let lowX = Infinity;
  let highX = -Infinity;
  let low = Infinity;
  let high = -Infinity;
  for (let i = 0; i < y.length; i++) {
    const value = y[i] as number;
    const at = x ? (x[i] as number) : i;
    lowX = Math.min(lowX, at);
    highX = Math.max(highX, at);
    if (!Number.isFinite(value)) continue;
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  if (low > high) return [];
  const scaleX = highX > lowX ? (width - 2 * padding) / (highX - lowX) : 0;
  const scaleY = high > low ? (height - 2 * padding) / (high - low) : 0;
  const placeX = (at: number) => (scaleX === 0 ? width / 2 : padding + (at - lowX) * scaleX);
  const placeY = (value: number) =>
    scaleY === 0 ? height / 2 : height - padding - (value - low) * scaleY;

  const points: SparkPoint[] = [];
  let column: { at: number; min: number; max: number; minFirst: boolean } | null = null;
  const flush = () => {
    if (!column) return;
    const pair = column.minFirst ? [column.min, column.max] : [column.max, column.min];
    points.push([column.at, placeY(pair[0] as number)]);
    if (pair[0] !== pair[1]) points.push([column.at, placeY(pair[1] as number)]);
    column = null;
  };
  for (let i = 0; i < y.length; i++) {
    const value = y[i] as number;
    if (!Number.isFinite(value)) {
      flush();
      if (points.at(-1)) points.push(null);
      continue;
    }
    const at = placeX(x ? (x[i] as number) : i);
    if (!column || Math.floor(column.at) !== Math.floor(at)) {
      flush();
      column = { at, min: value, max: value, minFirst: true };
      continue;
    }
    if (value < column.min) {
      column.min = value;
      column.minFirst = false;
    } else if (value > column.max) {
      column.max = value;
      column.minFirst = true;
    }
  }
  flush();
  return points;
}

export function sparkPath(points: readonly SparkPoint[]): string {
  let path = "";
  let isOpen = false;
  for (const point of points) {
    if (!point) {
      isOpen = false;
      continue;
    }
    const place = `${point[0].toFixed(1)} ${point[1].toFixed(1)}`;
    path += isOpen ? `L${place}` : `M${place}`;
    isOpen = true;
  }
  return path;
}
