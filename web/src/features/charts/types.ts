import type { Metric, Run } from "@/api/types";

/** A run as the panels see it. */
export interface ChartRun {
  id: string;
  label: string;
  color: string;
  metrics: readonly Metric[];
  /** All that is known of it; absent until its list is loaded. */
  run?: Run;
  /** Lines of one group are drawn as one. */
  group?: RunGroup;
  /** Drawn stronger than the others. */
  strong?: boolean;
  /** What the others are compared with. */
  baseline?: boolean;
}

export interface RunGroup {
  id: string;
  label: string;
  color: string;
}

/** Whose numbers a panel area draws. */
export interface ChartScope {
  entity: string;
  project: string;
  stream: "history" | "system";
  runs: readonly ChartRun[];
}
