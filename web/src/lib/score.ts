import { formatNumber } from "./format";

/** A metric of the API's: numbers, truth values, or labels. */
export interface MetricLike {
  name: string;
  label: string;
  type: "boolean" | "number" | "category";
}

/** A mean as people read it: a part of the rows, seconds, dollars, or a plain number. */
export function formatMean(metric: MetricLike, mean: number | null): string {
  if (mean === null) return "–";
  if (metric.type === "boolean") return `${formatNumber(mean * 100, 3)} %`;
  if (metric.name === "latency") return formatSeconds(mean);
  if (metric.name === "cost") return formatCost(mean);
  return formatNumber(mean, 4);
}

export function formatSeconds(seconds: number): string {
  if (Math.abs(seconds) < 1) return `${formatNumber(seconds * 1000, 3)} ms`;
  return `${formatNumber(seconds, 3)} s`;
}

export const formatCost = (dollars: number): string => `$${formatNumber(dollars, 3)}`;

/** A difference with its sign; of parts of the rows in points. */
export function formatDelta(metric: MetricLike, value: number): string {
  const sign = value > 0 ? "+" : value < 0 ? "−" : "±";
  const size = Math.abs(value);
  if (metric.type === "boolean") return `${sign}${formatNumber(size * 100, 3)} pt`;
  return `${sign}${formatMean(metric, size)}`;
}

export function formatP(p: number): string {
  return p < 0.001 ? "< 0.001" : formatNumber(p, 2);
}

/** A, B, … as filters and orders of rows name evaluations. */
export const letterOf = (index: number): string => String.fromCharCode(65 + index);

/** A metric as a field of a filter: its parts, quoted where they need it. */
export function fieldOf(metric: string): string {
  const parts = metric.match(/(?:\\.|[^.\\])+/g) ?? [];
  return parts
    .map((part) => part.replace(/\\(.)/g, "$1"))
    .map((part) => (/^[A-Za-z_]\w*$/.test(part) ? part : JSON.stringify(part)))
    .join(".");
}

export interface Brush {
  /** As in a filter: `A.scores.x`. */
  field: string;
  low: number;
  high: number;
}

/** The conditions of a brush, for the filter of rows. */
export function brushFilter(brushes: readonly Brush[]): string {
  return brushes
    .map(({ field, low, high }) => `${field} >= ${plain(low)} and ${field} <= ${plain(high)}`)
    .join(" and ");
}

/** Without an exponent, which expressions do not know. */
const plain = (value: number) =>
  Number(value.toPrecision(9))
    .toFixed(9)
    .replace(/\.?0+$/, "");

/** Where values lie between 0 and 1 for a radar: 1 is the best of those compared. */
export function normalised(values: readonly (number | null)[], isDown: boolean): (number | null)[] {
  const known = values.filter((value) => value !== null);
  const [low, high] = [Math.min(0, ...known), Math.max(...known)];
  const span = high - low;
  return values.map((value) => {
    if (value === null) return null;
    if (span === 0) return 1;
    if (!isDown) return (value - low) / span;
    const best = Math.min(...known);
    return value <= 0 ? 1 : Math.max(0, Math.min(1, best / value));
  });
}
