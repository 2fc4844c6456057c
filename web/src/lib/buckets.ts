/** One run's values under one key, cut into buckets along x. Arrays have equal length. */
export interface Buckets {
  run: string;
  key: string;
  /** x of the first and last point of each bucket; rises. */
  xFirst: Float64Array;
  xLast: Float64Array;
  /** Over the finite values; NaN where a bucket has none. */
  min: Float64Array;
  max: Float64Array;
  mean: Float64Array;
  /** The value with the greatest x; may be NaN or ±Infinity. */
  last: Float64Array;
  count: Float64Array;
  /** How many of `count` are NaN or ±Infinity. */
  nonfinite: Float64Array;
}

/** The answer to one series query. */
export interface SeriesTable {
  /** The x range that the server cut into buckets; null when there are no points. */
  low: number | null;
  high: number | null;
  items: readonly Buckets[];
}

/** Length of each bucket array. */
export function bucketCount(buckets: Buckets): number {
  return buckets.xLast.length;
}
