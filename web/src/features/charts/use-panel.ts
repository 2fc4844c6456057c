import { useMemo } from "react";
import { bucketsFor, useSeries } from "@/api/series";
import type { LineSeries } from "@/charts/line";
import { linesFromBuckets } from "@/charts/line";
import type { Course } from "@/lib/aggregate";
import { aggregate, commonX, stack, valueOn } from "@/lib/aggregate";
import type { Axis } from "@/lib/axis";
import { resolveAxis } from "@/lib/axis";
import type { SeriesTable } from "@/lib/buckets";
import type { Expression } from "@/lib/expression";
import { tryExpression } from "@/lib/expression";
import { valueAt } from "@/lib/flatten";
import type { LineSettings } from "@/lib/line-settings";
import { fillLegend } from "@/lib/line-settings";
import type { PanelSpec } from "@/lib/sections";
import type { Zoom } from "@/lib/view";
import type { ChartRun, ChartScope } from "./types";

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
  settings: LineSettings,
  zoom: Zoom | null,
  options: { visible: boolean; width: number },
): PanelData {
  const most = settings.maxRuns ?? Number.POSITIVE_INFINITY;
  const shown = useMemo(() => scope.runs.slice(0, most), [scope.runs, most]);
  const runs = useMemo(() => shown.map((run) => run.id), [shown]);
  const metrics = useMemo(() => shown.flatMap((run) => run.metrics), [shown]);
  const expression = useMemo(() => {
    const read = settings.expression?.trim() ? tryExpression(settings.expression) : null;
    return read instanceof SyntaxError ? null : read;
  }, [settings.expression]);
  const keys = useMemo(
    () => (expression ? [...new Set([...expression.names])] : panel.keys),
    [expression, panel.keys],
  );
  const axis = useMemo(
    () => resolveAxis(settings.x ?? "auto", keys[0] ?? "", metrics, scope.stream),
    [settings.x, keys, metrics, scope.stream],
  );
  const own = zoom?.axis === axis.id ? zoom : null;
  const low = own?.low ?? settings.xLow ?? undefined;
  const high = own?.high ?? settings.xHigh ?? undefined;
  const count = Math.max(1, runs.length * keys.length);
  const buckets = Math.max(
    40,
    Math.min(bucketsFor(options.width), Math.ceil(POINTS_PER_PANEL / count / 40) * 40),
  );
  const request = useMemo(
    () => ({
      entity: scope.entity,
      project: scope.project,
      runs,
      keys,
      stream: scope.stream,
      x: axis.x,
      xKey: axis.xKey,
      range: low !== undefined && high !== undefined ? { low, high } : null,
      buckets,
    }),
    [scope.entity, scope.project, scope.stream, runs, keys, axis, low, high, buckets],
  );
  const result = useSeries(request, {
    visible: options.visible && options.width > 0 && runs.length > 0,
  });
  const { value, legend, aggregate: middle, band, area } = settings;

  const lines = useMemo(() => {
    if (!result.data) return [];
    const plain = plainLines(result.data, shown, keys, value ?? "mean", legend);
    const computed = expression ? computedLines(plain, shown, expression, legend) : plain;
    const grouped = shown.some((run) => run.group)
      ? groupedLines(computed, shown, { aggregate: middle, band })
      : computed;
    if (area !== "stacked" && area !== "percent") return grouped;
    const piles = stack(grouped, area === "percent");
    return grouped.map((line, index) => ({ ...line, ...piles[index], last: undefined }));
  }, [result.data, shown, keys, expression, value, legend, middle, band, area]);

  return {
    axis,
    lines,
    isLoading: result.isLoading,
    isFetching: result.isFetching,
    error: result.error,
    retry: result.retry,
  };
}

function lookOf(run: ChartRun): Pick<LineSeries, "width"> & { dash?: readonly number[] } {
  return {
    ...(run.strong || run.baseline ? { width: 2.6 } : {}),
    ...(run.baseline ? { dash: [7, 3] } : {}),
  };
}

const labelOf = (run: ChartRun, key: string, legend: string | undefined) =>
  legend
    ? fillLegend(
        legend,
        { id: run.id, label: run.label, config: run.run?.config, summary: run.run?.summary },
        key,
        valueAt,
      )
    : run.label;

function plainLines(
  table: SeriesTable,
  runs: readonly ChartRun[],
  keys: readonly string[],
  value: NonNullable<LineSettings["value"]>,
  legend: string | undefined,
): LineSeries[] {
  const byId = new Map(runs.map((run, order) => [run.id, { run, order }]));
  const many = keys.length > 1;
  const drawn = linesFromBuckets(
    table,
    (buckets) => {
      const found = byId.get(buckets.run);
      if (!found) return null;
      const at = keys.indexOf(buckets.key);
      const dash = many && runs.length > 1 ? dashes[at % dashes.length] : undefined;
      const color = many && runs.length === 1 ? keyColor(at, found.run.color) : found.run.color;
      return {
        label: labelOf(found.run, buckets.key, legend),
        color,
        ...(dash?.length ? { dash } : {}),
        ...lookOf(found.run),
      };
    },
    value === "last" ? "last" : "mean",
  );
  const chosen =
    value === "min" || value === "max"
      ? drawn.map((line) => {
          const extreme = line[value];
          if (!extreme) return line;
          return { ...line, y: extreme, min: undefined, max: undefined };
        })
      : drawn;
  const order = (line: LineSeries) => byId.get(line.group ?? "")?.order ?? 0;
  // Where all is as usual, what is drawn last lies on top.
  const strength = (line: LineSeries) => ((line.width ?? 0) > 2 ? 1 : 0);
  return chosen.sort((a, b) => strength(a) - strength(b) || order(a) - order(b));
}

/** One line for each run: the expression over its keys. */
function computedLines(
  lines: readonly LineSeries[],
  runs: readonly ChartRun[],
  expression: Expression,
  legend: string | undefined,
): LineSeries[] {
  return runs.flatMap((run): LineSeries[] => {
    const own = new Map(
      lines.filter((line) => line.group === run.id).map((line) => [line.detail ?? "", line]),
    );
    const parts = expression.names.flatMap((name) => own.get(name) ?? []);
    if (parts.length < expression.names.length || parts.length === 0) return [];
    const x = commonX(parts);
    const y = Float64Array.from(x, (at) =>
      expression.evaluate((name) => valueOn(own.get(name) as Course, at)),
    );
    const label = labelOf(run, "", legend);
    return [{ id: `${run.id} =`, group: run.id, label, color: run.color, ...lookOf(run), x, y }];
  });
}

function groupedLines(
  lines: readonly LineSeries[],
  runs: readonly ChartRun[],
  how: Pick<LineSettings, "aggregate" | "band">,
): LineSeries[] {
  const groupOf = new Map(runs.map((run) => [run.id, run.group]));
  const parts = new Map<string, LineSeries[]>();
  for (const line of lines) {
    const group = groupOf.get(line.group ?? "");
    const id = `${group?.id ?? ""} ${line.detail ?? ""}`;
    const list = parts.get(id);
    if (list) list.push(line);
    else parts.set(id, [line]);
  }
  return [...parts].flatMap(([id, members]): LineSeries[] => {
    const [first] = members;
    const group = first && groupOf.get(first.group ?? "");
    if (!first || !group) return members;
    const { dash, detail } = first;
    return [
      {
        id,
        group: group.id,
        detail,
        label: `${group.label} (${members.length})`,
        color: group.color,
        ...(dash ? { dash } : {}),
        ...aggregate(members, how),
      },
    ];
  });
}

/** One run, several keys (devices): shades around the run's colour. */
function keyColor(index: number, base: string): string {
  if (index <= 0) return base;
  const turn = (index * 67) % 360;
  return `oklch(from ${base} l c calc(h + ${turn}))`;
}
