import type { Columns } from "./columns";

/** 8-bit red, green, blue. */
export type Rgb = readonly [red: number, green: number, blue: number];

/**
 * An opaque pixel buffer into which lines and bands are blended column by column.
 *
 * Stroking a hundred polylines of a thousand points through a canvas path takes 130–190 ms
 * where no graphics card helps; this takes a few.
 */
export class Raster {
  readonly pixels: Uint32Array;

  constructor(
    readonly width: number,
    readonly height: number,
    buffer: ArrayBufferLike = new ArrayBuffer(width * height * 4),
  ) {
    this.pixels = new Uint32Array(buffer);
  }

  clear([red, green, blue]: Rgb): void {
    this.pixels.fill(0xff000000 | (blue << 16) | (green << 8) | red);
  }

  /** Fills a rectangle of whole pixels; `alpha` 0–1. */
  rectangle(x: number, y: number, width: number, height: number, color: Rgb, alpha: number): void {
    const redBlue = (color[2] << 16) | color[0];
    const green = color[1] << 8;
    const share = Math.round(alpha * 256);
    for (let row = Math.max(0, y); row < Math.min(this.height, y + height); row++) {
      for (let column = Math.max(0, x); column < Math.min(this.width, x + width); column++) {
        this.blend(row * this.width + column, redBlue, green, share);
      }
    }
  }

  /** `share` 0–256. Red and blue are blended in one multiplication. */
  private blend(at: number, redBlue: number, green: number, share: number): void {
    const below = this.pixels[at] as number;
    const belowRedBlue = below & 0xff00ff;
    const belowGreen = below & 0xff00;
    this.pixels[at] =
      0xff000000 |
      ((belowRedBlue + (Math.imul(redBlue - belowRedBlue, share) >> 8)) & 0xff00ff) |
      ((belowGreen + (Math.imul(green - belowGreen, share) >> 8)) & 0xff00);
  }

  /** A column from `top` to `bottom` with soft ends of `ramp` pixels around both. */
  private span(
    column: number,
    top: number,
    bottom: number,
    ramp: number,
    redBlue: number,
    green: number,
    alpha: number,
  ): void {
    const reach = ramp / 2;
    const first = Math.max(0, Math.floor(top - reach));
    const last = Math.min(this.height - 1, Math.ceil(bottom + reach) - 1);
    const width = this.width;
    const per = 256 / ramp;
    // Rows whose centres lie past both ramps are covered whole.
    const wholeFrom = top + reach;
    const wholeTo = bottom - reach;
    let at = first * width + column;
    for (let row = first; row <= last; row++, at += width) {
      const centre = row + 0.5;
      if (centre >= wholeFrom && centre <= wholeTo) {
        this.blend(at, redBlue, green, alpha);
        continue;
      }
      const fromTop = 128 + (centre - top) * per;
      const fromBottom = 128 + (bottom - centre) * per;
      const covered = Math.min(fromTop, fromBottom);
      if (covered <= 0) continue;
      this.blend(at, redBlue, green, (Math.min(covered, 256) * alpha) >> 8);
    }
  }

  /** Draws a line of `thickness` pixels; `dash` in pixels along x. */
  stroke(
    columns: Columns,
    color: Rgb,
    thickness: number,
    opacity: number,
    dash?: readonly number[],
  ): void {
    const redBlue = (color[2] << 16) | color[0];
    const green = color[1] << 8;
    const alpha = Math.round(opacity * 256);
    const half = thickness / 2;
    const isOn = dash && dash.length > 0 ? dashTest(dash) : null;
    for (let column = columns.from; column <= columns.to; column++) {
      const top = columns.top[column] as number;
      if (!(top <= Infinity)) continue;
      if (isOn && !isOn(column)) continue;
      const bottom = columns.bottom[column] as number;
      const height = bottom - top;
      const enter = columns.enter[column] as number;
      const leave = columns.leave[column] as number;
      const turns = Math.abs(Math.abs(leave - enter) - height) > 0.01;
      if (turns || height > this.height) {
        this.span(column, top - half, bottom + half, 1, redBlue, green, alpha);
        continue;
      }
      // A straight piece: a slanted stroke covers a column as a trapezoid.
      const middle = (top + bottom) / 2;
      const reach = half * Math.sqrt(1 + height * height);
      this.span(column, middle - reach, middle + reach, Math.max(height, 1), redBlue, green, alpha);
    }
  }

  /** Fills what the columns cover. */
  fill(columns: Columns, color: Rgb, opacity: number): void {
    const redBlue = (color[2] << 16) | color[0];
    const green = color[1] << 8;
    const alpha = Math.round(opacity * 256);
    for (let column = columns.from; column <= columns.to; column++) {
      const top = columns.top[column] as number;
      if (top <= Infinity)
        this.span(column, top, columns.bottom[column] as number, 1, redBlue, green, alpha);
    }
  }

  /** One span, for what stands out of a band. */
  whisker(column: number, top: number, bottom: number, color: Rgb, opacity: number): void {
    this.span(
      column,
      top,
      bottom,
      1,
      (color[2] << 16) | color[0],
      color[1] << 8,
      Math.round(opacity * 256),
    );
  }
}

function dashTest(dash: readonly number[]): (column: number) => boolean {
  const pattern = dash.length % 2 === 0 ? dash : [...dash, ...dash];
  const period = pattern.reduce((sum, each) => sum + each, 0);
  if (!(period > 0)) return () => true;
  return (column) => {
    let rest = column % period;
    for (let i = 0; i < pattern.length; i++) {
      rest -= pattern[i] as number;
      if (rest < 0) return i % 2 === 0;
    }
    return true;
  };
}
