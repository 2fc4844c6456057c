import type { Columns } from "./columns";

const TILE = 32;

/** 8-bit red, green, blue. */
export type Rgb = readonly [red: number, green: number, blue: number];

/**
 * An opaque pixel buffer into which lines and bands are blended column by column.
 *
 * Stroking a hundred polylines of a thousand points through a canvas path takes 130–190 ms
 * where no graphics card helps; this takes a few. Pixels lie column after column, so that a
 * span touches neighbours in memory; `copyTo` turns them round for the screen.
 */
export class Raster {
  private readonly pixels: Int32Array;

  constructor(
    readonly width: number,
    readonly height: number,
  ) {
    this.pixels = new Int32Array(width * height);
  }

  clear([red, green, blue]: Rgb): void {
    this.pixels.fill(0xff000000 | (blue << 16) | (green << 8) | red);
  }

  /** Writes the picture row after row, as `ImageData` has it. */
  copyTo(out: Int32Array): void {
    const { pixels, width, height } = this;
    for (let left = 0; left < width; left += TILE) {
      const right = Math.min(width, left + TILE);
      for (let top = 0; top < height; top += TILE) {
        const bottom = Math.min(height, top + TILE);
        for (let column = left; column < right; column++) {
          const from = column * height;
          for (let row = top; row < bottom; row++) {
            out[row * width + column] = pixels[from + row] as number;
          }
        }
      }
    }
  }

  /** Red, green, blue of a pixel. */
  colorAt(column: number, row: number): Rgb {
    const pixel = this.pixels[column * this.height + row] as number;
    return [pixel & 0xff, (pixel >> 8) & 0xff, (pixel >> 16) & 0xff];
  }

  /** Fills whole rows. */
  rows(y: number, count: number, [red, green, blue]: Rgb): void {
    const pixel = 0xff000000 | (blue << 16) | (green << 8) | red;
    const first = Math.max(0, y);
    const end = Math.min(this.height, y + count);
    for (let column = 0; column < this.width; column++) {
      for (let row = first; row < end; row++) this.pixels[column * this.height + row] = pixel;
    }
  }

  /** Blends one pixel; `share` 0–256. Red and blue go in one multiplication. */
  private blend(at: number, redBlue: number, green: number, share: number): void {
    const below = this.pixels[at] as number;
    const belowRedBlue = below & 0xff00ff;
    const belowGreen = below & 0xff00;
    this.pixels[at] =
      0xff000000 |
      ((belowRedBlue + (Math.imul(redBlue - belowRedBlue, share) >> 8)) & 0xff00ff) |
      ((belowGreen + (Math.imul(green - belowGreen, share) >> 8)) & 0xff00);
  }

  /** A column from `top` to `bottom`, its ends covered in part; `alpha` 0–256. */
  private span(
    column: number,
    top: number,
    bottom: number,
    redBlue: number,
    green: number,
    alpha: number,
  ): void {
    const { pixels, height } = this;
    const from = Math.max(top, 0);
    const to = Math.min(bottom, height);
    if (!(from < to)) return;
    const base = column * height;
    const first = from | 0;
    const last = to | 0;
    if (first === last) {
      this.blend(base + first, redBlue, green, (alpha * (to - from)) | 0);
      return;
    }
    this.blend(base + first, redBlue, green, (alpha * (first + 1 - from)) | 0);
    for (let at = base + first + 1; at < base + last; at++) {
      const below = pixels[at] as number;
      const belowRedBlue = below & 0xff00ff;
      const belowGreen = below & 0xff00;
      pixels[at] =
        0xff000000 |
        ((belowRedBlue + (Math.imul(redBlue - belowRedBlue, alpha) >> 8)) & 0xff00ff) |
        ((belowGreen + (Math.imul(green - belowGreen, alpha) >> 8)) & 0xff00);
    }
    if (last < height) this.blend(base + last, redBlue, green, (alpha * (to - last)) | 0);
  }

  /**
   * A column whose coverage rises and falls over `ramp` pixels: a slanted stroke. Nothing is
   * painted outside `highest` … `lowest`.
   */
  private slanted(
    column: number,
    top: number,
    bottom: number,
    ramp: number,
    highest: number,
    lowest: number,
    redBlue: number,
    green: number,
    alpha: number,
  ): void {
    const reach = ramp / 2;
    const first = Math.max(0, Math.floor(Math.max(top - reach, highest)));
    const end = Math.min(this.height, Math.ceil(Math.min(bottom + reach, lowest)));
    const per = 256 / ramp;
    const base = column * this.height;
    for (let row = first; row < end; row++) {
      const centre = row + 0.5;
      const covered = 128 + Math.min(centre - top, bottom - centre) * per;
      if (covered > 0)
        this.blend(base + row, redBlue, green, (Math.min(covered, 256) * alpha) >> 8);
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
        this.span(column, top - half, bottom + half, redBlue, green, alpha);
        continue;
      }
      const middle = (top + bottom) / 2;
      const reach = half * Math.sqrt(1 + height * height);
      if (height <= 1) {
        this.span(column, middle - reach, middle + reach, redBlue, green, alpha);
        continue;
      }
      // A steep stroke reaches far up and down where it goes on in the next column. Where it
      // turns there, it must not: that would paint values that nobody logged.
      const highest = columns.highest(column) - half;
      const lowest = columns.lowest(column) + half;
      this.slanted(
        column,
        middle - reach,
        middle + reach,
        height,
        highest,
        lowest,
        redBlue,
        green,
        alpha,
      );
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
        this.span(column, top, columns.bottom[column] as number, redBlue, green, alpha);
    }
  }

  /** One span, for what stands out of a band. */
  whisker(column: number, top: number, bottom: number, color: Rgb, opacity: number): void {
    this.span(
      column,
      top,
      bottom,
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
