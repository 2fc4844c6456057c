import { useMemo } from "react";
import { bucketsFor, useSeries } from "@/api/series";
import type { LineSeries } from "@/charts/line";
import { linesFromBuckets } from "@/charts/line";
import type { Axis } from "@/lib/axis";
import { resolveAxis } from "@/lib/axis";
import type { PanelSpec } from "@/lib/sections";
import type { ChartsView } from "@/lib/view";
import type { ChartScope } from "./types";

/** Many lines get fewer points each: no screen shows more. */
const POINTS_PER_PANEL = 120_000;

const dashes: (readonly number[])[] = [[], [6, 3], [2, 2], [8, 3, 2, 3]];

export interface PanelData {
  axis: Axis;
  lines: LineSeries[];
  isLoading: boolean;
  isFetching: boolean;
  error: Error | null;
  retry: () => void;
}

/** Asks for a panel's numbers and makes lines of them. */
export function usePanel(
  panel: PanelSpec,
  scope: ChartScope,
  view: Pick<ChartsView, "x" | "zoom">,
  options: { visible: boolean; width: number },
): PanelData {
  const runs = useMemo(() => scope.runs.map((run) => run.id), [scope.runs]);
  const metrics = useMemo(() => scope.runs.flatMap((run) => run.metrics), [scope.runs]);
  const axis = useMemo(
    () => resolveAxis(view.x, panel.keys[0] ?? "", metrics, scope.stream),
    [view.x, panel.keys, metrics, scope.stream],
  );
  const zoom = view.zoom?.axis === axis.id ? view.zoom : null;
  const low = zoom?.low;
  const high = zoom?.high;
  const count = Math.max(1, runs.length * panel.keys.length);
  const buckets = Math.max(
    40,
    Math.min(bucketsFor(options.width), Math.ceil(POINTS_PER_PANEL / count / 40) * 40),
  );
  const request = useMemo(
    () => ({
      entity: scope.entity,
      project: scope.project,
      runs,
      keys: panel.keys,
      stream: scope.stream,
      x: axis.x,
      xKey: axis.xKey,
      range: low !== undefined && high !== undefined ? { low, high } : null,
      buckets,
    }),
    [scope.entity, scope.project, scope.stream, runs, panel.keys, axis, low, high, buckets],
  );
  const result = useSeries(request, {
    visible: options.visible && options.width > 0 && runs.length > 0,
  });

  const lines = useMemo(() => {
    if (!result.data) return [];
    const byId = new Map(scope.runs.map((run, order) => [run.id, { run, order }]));
    const many = panel.keys.length > 1;
    const drawn = linesFromBuckets(result.data, (buckets) => {
      const found = byId.get(buckets.run);
      if (!found) return null;
      const at = panel.keys.indexOf(buckets.key);
      const dash = many && scope.runs.length > 1 ? dashes[at % dashes.length] : undefined;
      const color =
        many && scope.runs.length === 1 ? keyColor(at, found.run.color) : found.run.color;
      return { label: found.run.label, color, ...(dash?.length ? { dash } : {}) };
    });
    const order = (line: LineSeries) => byId.get(line.group ?? "")?.order ?? 0;
    return drawn.sort((a, b) => order(a) - order(b));
  }, [result.data, scope.runs, panel.keys]);

  return {
    axis,
    lines,
    isLoading: result.isLoading,
    isFetching: result.isFetching,
    error: result.error,
    retry: result.retry,
  };
}

/** One run, several keys (devices): shades around the run's colour. */
function keyColor(index: number, base: string): string {
  if (index <= 0) return base;
  const turn = (index * 67) % 360;
  return `oklch(from ${base} l c calc(h + ${turn}))`;
}
