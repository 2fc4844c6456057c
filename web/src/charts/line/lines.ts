import type { Buckets, SeriesTable } from "@/lib/buckets";
import type { LineSeries } from "./types";

/** How one run's key looks; what `linesFromBuckets` cannot know. */
export type LineLook = Pick<LineSeries, "label" | "color"> &
  Partial<Pick<LineSeries, "id" | "detail" | "group" | "dash" | "width">>;

const cache = new WeakMap<Buckets, Map<string, LineSeries>>();

/**
 * A line for each series of the table that `look` gives a look; null leaves one out.
 *
 * A bucket of many points is drawn at their mean (or last) value, with a band between their
 * extremes. Equal buckets with an equal look give the same object again, so that a chart
 * redraws what has changed and no more.
 */
export function linesFromBuckets(
  table: SeriesTable,
  look: (buckets: Buckets) => LineLook | null,
  value: "mean" | "last" = "mean",
): LineSeries[] {
  const lines: LineSeries[] = [];
  for (const buckets of table.items) {
    const seen = look(buckets);
    if (!seen) continue;
    const id = JSON.stringify([value, seen]);
    let known = cache.get(buckets);
    if (!known) {
      known = new Map();
      cache.set(buckets, known);
    }
    let line = known.get(id);
    if (!line) {
      line = lineFromBuckets(buckets, seen, value);
      known.set(id, line);
    }
    lines.push(line);
  }
  return lines;
}

export function lineFromBuckets(
  buckets: Buckets,
  look: LineLook,
  value: "mean" | "last",
): LineSeries {
  const { xFirst, xLast, mean, last, min, max, nonfinite } = buckets;
  const length = xLast.length;
  const x = value === "last" ? xLast : new Float64Array(length);
  const y = new Float64Array(length);
  let hasBand = false;
  for (let i = 0; i < length; i++) {
    if (value === "mean") x[i] = ((xFirst[i] as number) + (xLast[i] as number)) / 2;
    const average = mean[i] as number;
    // Nothing finite in the bucket: its last value tells whether to mark ▲, ▼ or ×.
    y[i] = Number.isNaN(average) || value === "last" ? (last[i] as number) : average;
    if ((min[i] as number) < (max[i] as number)) hasBand = true;
  }
  if (value === "mean" && length > 1) {
    // The line begins and ends where its points do.
    x[0] = xFirst[0] as number;
    x[length - 1] = xLast[length - 1] as number;
  }
  return {
    id: `${buckets.run} ${buckets.key}`,
    group: buckets.run,
    detail: buckets.key,
    ...look,
    x,
    y,
    last,
    nonfinite,
    ...(hasBand ? { min, max } : {}),
  };
}
