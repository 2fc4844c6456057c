import type { Metric } from "@/api/types";

/** A run as the panels see it. */
export interface ChartRun {
  id: string;
  label: string;
  color: string;
  metrics: readonly Metric[];
}

/** Whose numbers a panel area draws. */
export interface ChartScope {
  entity: string;
  project: string;
  stream: "history" | "system";
  runs: readonly ChartRun[];
}
