import type { SeriesTable } from "@/lib/buckets";

export interface SeriesRequest {
  entity: string;
  project: string;
  runs: readonly string[];
  keys: readonly string[];
  stream: "history" | "system";
  x: "step" | "time" | "relative";
  /** A logged key as x axis; overrides `x`. */
  xKey?: string | null;
  /** Exact range of x, both ends inclusive; without it, the extent of the data. */
  range?: { low: number; high: number } | null;
  buckets: number;
}

export interface SeriesOptions {
  /** False while the panel is off screen: nothing is asked, what is known is kept. */
  visible?: boolean;
  /** False stops live updates. */
  live?: boolean;
}

export interface SeriesResult {
  /** Kept from the previous request until the new one is answered. */
  data: SeriesTable | undefined;
  /** `data` belongs to the request before this one. */
  isPrevious: boolean;
  isLoading: boolean;
  isFetching: boolean;
  error: Error | null;
  retry: () => void;
}
