import { syncGroup } from "@/charts/sync";

const axes = new Set<string>();

/** Remembers that panels with this axis exist, so that a run can be lit up in them. */
export function noteAxis(axis: string): void {
  axes.add(axis);
}

/** Lights up a run's lines in every panel. */
export function highlightRun(run: string | null): void {
  for (const axis of axes) syncGroup(axis).highlight(run);
}
