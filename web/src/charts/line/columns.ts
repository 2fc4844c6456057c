/**
 * A line or band seen through the pixel columns of a plot.
 *
 * For each column it keeps where the line enters and leaves and the extremes between, so that
 * however many points fall into a column none of their extremes is lost.
 */
export class Columns {
  /** Pixels from the top; smaller is higher. NaN where the column is empty. */
  readonly top: Float32Array;
  readonly bottom: Float32Array;
  readonly enter: Float32Array;
  readonly leave: Float32Array;
  /** First and last column that may hold something; from > to when none does. */
  from = 0;
  to = -1;
  /** Centres of points that have a gap on both sides, as x, y pairs. */
  readonly lonely: number[] = [];

  constructor(readonly width: number) {
    this.top = new Float32Array(width);
    this.bottom = new Float32Array(width);
    this.enter = new Float32Array(width);
    this.leave = new Float32Array(width);
  }

  reset(): void {
    this.top.fill(Number.NaN);
    this.lonely.length = 0;
    this.from = this.width;
    this.to = -1;
  }

  private holds(column: number): boolean {
    return column >= this.from && column <= this.to && (this.top[column] as number) <= Infinity;
  }

  /** The highest place that the line reaches in a column or one of its neighbours. */
  highest(column: number): number {
    let highest = this.top[column] as number;
    for (const next of [column - 1, column + 1]) {
      if (this.holds(next)) highest = Math.min(highest, this.top[next] as number);
    }
    return highest;
  }

  /** The lowest place that the line reaches in a column or one of its neighbours. */
  lowest(column: number): number {
    let lowest = this.bottom[column] as number;
    for (const next of [column - 1, column + 1]) {
      if (this.holds(next)) lowest = Math.max(lowest, this.bottom[next] as number);
    }
    return lowest;
  }

  private cover(column: number, a: number, b: number): void {
    const high = Math.min(a, b);
    const low = Math.max(a, b);
    const known = this.top[column] as number;
    // NaN compares false both ways: an empty column takes the first branch.
    if (!(known <= Infinity)) {
      this.top[column] = high;
      this.bottom[column] = low;
      this.enter[column] = a;
    } else {
      if (high < known) this.top[column] = high;
      if (low > (this.bottom[column] as number)) this.bottom[column] = low;
    }
    this.leave[column] = b;
    if (column < this.from) this.from = column;
    if (column > this.to) this.to = column;
  }

  /** Takes the line through the points; gaps where y is not finite. */
  line(
    x: Float64Array,
    y: Float64Array,
    ax: number,
    bx: number,
    ay: number,
    by: number,
    first: number,
    end: number,
  ): void {
    this.reset();
    let x0 = Number.NaN;
    let y0 = Number.NaN;
    let alone = false;
    for (let i = first; i < end; i++) {
      const value = y[i] as number;
      const x1 = (x[i] as number) * ax + bx;
      if (!(value - value === 0) || !(x1 - x1 === 0)) {
        if (alone) this.lonely.push(x0, y0);
        x0 = Number.NaN;
        alone = false;
        continue;
      }
      const y1 = value * ay + by;
      if (x0 - x0 === 0) {
        this.segment(x0, y0, x1, y1);
        alone = false;
      } else alone = true;
      x0 = x1;
      y0 = y1;
    }
    if (alone) this.lonely.push(x0, y0);
  }

  private segment(x0: number, y0: number, x1: number, y1: number): void {
    const width = this.width;
    if (x1 < 0 || x0 > width) return;
    let column = Math.floor(x0);
    const lastColumn = Math.min(width - 1, Math.floor(x1));
    if (column === Math.floor(x1)) {
      if (column >= 0 && column < width) this.cover(column, y0, y1);
      return;
    }
    const slope = (y1 - y0) / (x1 - x0);
    let y = y0;
    if (column < 0) {
      column = 0;
      y = y0 - x0 * slope;
    }
    for (; column <= lastColumn; column++) {
      const edge = column + 1;
      const next = edge >= x1 ? y1 : y0 + (edge - x0) * slope;
      this.cover(column, y, next);
      y = next;
    }
  }

  /** Takes the area between two lines; `enter` and `leave` mean nothing afterwards. */
  area(
    x: Float64Array,
    min: Float64Array,
    max: Float64Array,
    ax: number,
    bx: number,
    ay: number,
    by: number,
    first: number,
    end: number,
  ): void {
    this.reset();
    let x0 = Number.NaN;
    let low0 = 0;
    let high0 = 0;
    for (let i = first; i < end; i++) {
      const x1 = (x[i] as number) * ax + bx;
      const low1 = (min[i] as number) * ay + by;
      const high1 = (max[i] as number) * ay + by;
      if (!(low1 - low1 + high1 - high1 === 0) || !(x1 - x1 === 0)) {
        x0 = Number.NaN;
        continue;
      }
      if (x0 - x0 === 0) this.stripe(x0, low0, high0, x1, low1, high1);
      else {
        const column = Math.floor(x1);
        if (column >= 0 && column < this.width) this.widen(column, high1, low1);
      }
      x0 = x1;
      low0 = low1;
      high0 = high1;
    }
  }

  /** Takes what lies between two straight pieces over the same x. */
  private stripe(
    x0: number,
    low0: number,
    high0: number,
    x1: number,
    low1: number,
    high1: number,
  ): void {
    if (x1 < 0 || x0 > this.width) return;
    let column = Math.floor(x0);
    const lastColumn = Math.floor(x1);
    if (column === lastColumn) {
      if (column >= 0 && column < this.width) {
        this.widen(column, Math.min(high0, high1), Math.max(low0, low1));
      }
      return;
    }
    const per = 1 / (x1 - x0);
    const lowSlope = (low1 - low0) * per;
    const highSlope = (high1 - high0) * per;
    let low = low0;
    let high = high0;
    if (column < 0) {
      column = 0;
      low -= x0 * lowSlope;
      high -= x0 * highSlope;
    }
    for (; column <= lastColumn && column < this.width; column++) {
      const edge = column + 1;
      const nextLow = edge >= x1 ? low1 : low0 + (edge - x0) * lowSlope;
      const nextHigh = edge >= x1 ? high1 : high0 + (edge - x0) * highSlope;
      this.widen(column, Math.min(high, nextHigh), Math.max(low, nextLow));
      low = nextLow;
      high = nextHigh;
    }
  }

  private widen(column: number, high: number, low: number): void {
    const known = this.top[column] as number;
    if (!(known <= Infinity)) {
      this.top[column] = high;
      this.bottom[column] = low;
      if (column < this.from) this.from = column;
      if (column > this.to) this.to = column;
      return;
    }
    if (high < known) this.top[column] = high;
    if (low > (this.bottom[column] as number)) this.bottom[column] = low;
  }
}
