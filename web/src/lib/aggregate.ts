import type { LineSettings } from "./line-settings";
import { bootstrap, deviation, mean, quantile, seeded, sorted, studentT } from "./statistics";

/** A line as numbers; x rises. */
export interface Course {
  x: Float64Array;
  y: Float64Array;
  min?: Float64Array;
  max?: Float64Array;
}

/** More points than this are put onto places that are equally far apart. */
const MOST = 2000;
const GRID = 600;

/** The value of a course at x, between its points by a straight line; NaN outside of it. */
export function valueOn({ x, y }: Course, at: number): number {
  const last = x.length - 1;
  if (last < 0 || at < (x[0] as number) || at > (x[last] as number)) return Number.NaN;
  let from = 0;
  let to = last;
  while (from < to) {
    const middle = (from + to) >>> 1;
    if ((x[middle] as number) < at) from = middle + 1;
    else to = middle;
  }
  const right = x[from] as number;
  if (right === at || from === 0) return y[from] as number;
  const left = x[from - 1] as number;
  const share = (at - left) / (right - left);
  return (y[from - 1] as number) * (1 - share) + (y[from] as number) * share;
}

/** Every x that any course has, or as many places between the first and the last. */
export function commonX(courses: readonly Course[]): Float64Array {
  const all = new Set<number>();
  let [low, high] = [Infinity, -Infinity];
  for (const { x } of courses) {
    if (x.length === 0) continue;
    low = Math.min(low, x[0] as number);
    high = Math.max(high, x[x.length - 1] as number);
    if (all.size <= MOST) for (const at of x) all.add(at);
  }
  if (all.size <= MOST) return Float64Array.from(all).sort();
  return Float64Array.from({ length: GRID }, (_, i) => low + ((high - low) * i) / (GRID - 1));
}

/** Several courses as one, with a band around it. */
export function aggregate(
  courses: readonly Course[],
  how: Pick<LineSettings, "aggregate" | "band">,
): Course {
  const x = commonX(courses);
  const y = new Float64Array(x.length);
  const min = new Float64Array(x.length).fill(Number.NaN);
  const max = new Float64Array(x.length).fill(Number.NaN);
  const random = seeded(1);
  for (let i = 0; i < x.length; i++) {
    const at = x[i] as number;
    const values = sorted(courses.map((course) => valueOn(course, at)));
    if (values.length === 0) {
      y[i] = Number.NaN;
      continue;
    }
    y[i] = middleOf(values, how.aggregate ?? "mean");
    const band = bandOf(values, y[i] as number, how.band ?? "range", random);
    if (band) [min[i], max[i]] = band;
  }
  return how.band === "none" ? { x, y } : { x, y, min, max };
}

function middleOf(rising: readonly number[], how: NonNullable<LineSettings["aggregate"]>): number {
  switch (how) {
    case "median":
      return quantile(rising, 0.5);
    case "min":
      return rising[0] as number;
    case "max":
      return rising.at(-1) as number;
    default:
      return mean(rising);
  }
}

function bandOf(
  rising: readonly number[],
  middle: number,
  how: NonNullable<LineSettings["band"]>,
  random: () => number,
): [number, number] | null {
  if (how === "none" || rising.length < 2) return null;
  if (how === "range") return [rising[0] as number, rising.at(-1) as number];
  if (how === "bootstrap") return bootstrap(rising, random);
  const spread = deviation(rising);
  if (how === "deviation") return [middle - spread, middle + spread];
  const error = spread / Math.sqrt(rising.length);
  const by = how === "error" ? error : error * studentT(rising.length - 1);
  return [middle - by, middle + by];
}

/** Courses one upon the other, each as the band that it fills; with `percent`, as parts of 100. */
export function stack(courses: readonly Course[], percent: boolean): Course[] {
  const x = commonX(courses);
  const values = courses.map((course) => {
    return Float64Array.from(x, (at) => {
      const value = valueOn(course, at);
      return Number.isFinite(value) ? Math.max(0, value) : 0;
    });
  });
  const total = Float64Array.from(x, (_, i) => {
    return values.reduce((sum, each) => sum + (each[i] as number), 0);
  });
  let below = new Float64Array(x.length);
  return values.map((each) => {
    const above = Float64Array.from(each, (value, i) => {
      const part = percent ? (100 * value) / (total[i] || 1) : value;
      return (below[i] as number) + part;
    });
    const course = { x, y: above, min: below, max: above };
    below = above;
    return course;
  });
}
