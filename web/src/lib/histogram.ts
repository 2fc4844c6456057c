/** Counts between edges; one edge more than counts. */
export interface LoggedHistogram {
  edges: readonly number[];
  counts: readonly number[];
}

const numbers = (value: unknown): number[] | null =>
  Array.isArray(value) && value.every((item) => typeof item === "number") ? value : null;

/** A histogram as programs log it: with all of its edges, or with the first one and the step. */
export function readHistogram(value: unknown): LoggedHistogram | null {
  if (value === null || typeof value !== "object") return null;
  const found = value as Record<string, unknown>;
  if (found._type !== "histogram") return null;
  const counts = numbers(found.values);
  if (!counts || counts.length === 0) return null;
  const edges = numbers(found.bins);
  if (edges && edges.length === counts.length + 1) return { edges, counts };
  const packed = found.packedBins as Record<string, unknown> | undefined;
  const { min, size } = packed ?? {};
  if (typeof min !== "number" || typeof size !== "number") return null;
  return { edges: Array.from({ length: counts.length + 1 }, (_, n) => min + n * size), counts };
}
