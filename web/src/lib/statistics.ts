/** Finite numbers of a list, in order. */
export function sorted(values: readonly number[]): number[] {
  return values.filter(Number.isFinite).sort((a, b) => a - b);
}

/** A quantile by linear interpolation; the values rise. */
export function quantile(rising: readonly number[], share: number): number {
  if (rising.length === 0) return Number.NaN;
  const at = share * (rising.length - 1);
  const low = rising[Math.floor(at)] as number;
  const high = rising[Math.ceil(at)] as number;
  return low + (high - low) * (at - Math.floor(at));
}

export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Of a sample; NaN for fewer than two values. */
export function deviation(values: readonly number[]): number {
  if (values.length < 2) return Number.NaN;
  const middle = mean(values);
  const squares = values.reduce((sum, value) => sum + (value - middle) ** 2, 0);
  return Math.sqrt(squares / (values.length - 1));
}

const T_TABLE = [
  12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.16, 2.145,
  2.131, 2.12, 2.11, 2.101, 2.093, 2.086, 2.08, 2.074, 2.069, 2.064, 2.06, 2.056, 2.052, 2.048,
  2.045, 2.042,
];

/** The 97.5 % quantile of Student's t, for two-sided 95 % intervals. */
export function studentT(degrees: number): number {
  const known = T_TABLE[degrees - 1];
  if (known !== undefined) return known;
  const z = 1.959964;
  return (
    z + (z ** 3 + z) / (4 * degrees) + (5 * z ** 5 + 16 * z ** 3 + 3 * z) / (96 * degrees ** 2)
  );
}

/** Numbers in [0, 1) that are the same for the same seed (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

const RESAMPLES = 200;

/** The middle 95 % of means of resampled values. */
export function bootstrap(values: readonly number[], random: () => number): [number, number] {
  if (values.length < 2) return [Number.NaN, Number.NaN];
  const means = Array.from({ length: RESAMPLES }, () => {
    let sum = 0;
    for (let i = 0; i < values.length; i++) {
      sum += values[Math.floor(random() * values.length)] as number;
    }
    return sum / values.length;
  });
  const rising = sorted(means);
  return [quantile(rising, 0.025), quantile(rising, 0.975)];
}

export interface Regression {
  slope: number;
  intercept: number;
  /** Pearson's correlation. */
  r: number;
  /** Half the width of the 95 % interval of the line at an x. */
  margin: (x: number) => number;
}

/** The line of least squares; null for fewer than three points, or all at one x. */
export function regression(points: readonly (readonly [number, number])[]): Regression | null {
  const n = points.length;
  if (n < 3) return null;
  const middleX = mean(points.map(([x]) => x));
  const middleY = mean(points.map(([, y]) => y));
  let [xx, xy, yy] = [0, 0, 0];
  for (const [x, y] of points) {
    xx += (x - middleX) ** 2;
    xy += (x - middleX) * (y - middleY);
    yy += (y - middleY) ** 2;
  }
  if (xx === 0) return null;
  const slope = xy / xx;
  const intercept = middleY - slope * middleX;
  const rest = points.reduce((sum, [x, y]) => sum + (y - intercept - slope * x) ** 2, 0);
  const error = Math.sqrt(rest / (n - 2));
  const t = studentT(n - 2);
  return {
    slope,
    intercept,
    r: yy === 0 ? 0 : xy / Math.sqrt(xx * yy),
    margin: (x) => t * error * Math.sqrt(1 / n + (x - middleX) ** 2 / xx),
  };
}

export type Goal = "min" | "max";

/** Indices of the points that no other one beats in both, from left to right. */
export function frontier(
  points: readonly (readonly [number, number])[],
  goals: readonly [Goal, Goal],
): number[] {
  const better = (a: number, b: number, goal: Goal) => (goal === "min" ? a < b : a > b);
  const order = points
    .map((_, index) => index)
    .sort((a, b) => {
      const [left, right] = [points[a], points[b]] as [[number, number], [number, number]];
      if (left[0] !== right[0]) return better(left[0], right[0], goals[0]) ? -1 : 1;
      if (left[1] !== right[1]) return better(left[1], right[1], goals[1]) ? -1 : 1;
      return a - b;
    });
  const found: number[] = [];
  let best: number | null = null;
  for (const index of order) {
    const y = points[index]?.[1] as number;
    if (best === null || better(y, best, goals[1])) {
      found.push(index);
      best = y;
    }
  }
  return found.sort((a, b) => (points[a]?.[0] as number) - (points[b]?.[0] as number));
}

/** How far beyond the extremes a density is drawn, in widths of its kernel: until it is near 0. */
const TAIL = 2.5;

/** The density of values at places around them (Gaussian kernel, Silverman's rule). */
export function density(values: readonly number[], places = 48): [x: number, y: number][] {
  const rising = sorted(values);
  const [low, high] = [rising[0], rising.at(-1)];
  if (low === undefined || high === undefined || low === high) return [];
  const spread = Math.min(
    deviation(rising),
    (quantile(rising, 0.75) - quantile(rising, 0.25)) / 1.34 || Number.POSITIVE_INFINITY,
  );
  const width = 0.9 * spread * rising.length ** -0.2;
  return Array.from({ length: places }, (_, index) => {
    const x = low - TAIL * width + ((high - low + 2 * TAIL * width) * index) / (places - 1);
    const sum = rising.reduce(
      (total, value) => total + Math.exp(-(((x - value) / width) ** 2) / 2),
      0,
    );
    return [x, sum / (rising.length * width * Math.sqrt(2 * Math.PI))];
  });
}
