import type { Run } from "@/api/types";
import type { ChartRun, ChartScope } from "@/features/charts/types";
import { columnValue } from "@/lib/columns";
import { flatten } from "@/lib/flatten";
import { readNumber } from "@/lib/format";

/** A run whose list is loaded. */
export interface KnownRun extends ChartRun {
  run: Run;
}

export const knownRuns = (scope: ChartScope): KnownRun[] =>
  scope.runs.filter((run): run is KnownRun => run.run !== undefined);

/** A field as a finite number; null for everything else. */
export function numberOf(run: Run, field: string): number | null {
  const number = readNumber(columnValue(run, field));
  return number !== null && Number.isFinite(number) ? number : null;
}

/** Fields of the config that differ between the runs. */
export function varyingConfig(runs: readonly KnownRun[], except: readonly string[] = []): string[] {
  const values = new Map<string, Set<string>>();
  for (const { run } of runs) {
    for (const [path, value] of flatten(run.config)) {
      const found = values.get(path);
      const text = JSON.stringify(value);
      if (found) found.add(text);
      else values.set(path, new Set([text]));
    }
  }
  const everywhere = (path: string) =>
    runs.every(({ run }) => columnValue(run, `config.${path}`) !== undefined);
  return [...values]
    .filter(([path, found]) => found.size > 1 || !everywhere(path))
    .map(([path]) => path)
    .filter((path) => !except.includes(path) && !/(^|\.)_/.test(path))
    .sort();
}

/** Metrics that the runs end with. */
export function summaryFields(runs: readonly KnownRun[]): string[] {
  const names = new Set<string>();
  for (const { run } of runs) {
    for (const [path, value] of flatten(run.summary)) {
      if (readNumber(value) !== null && !/(^|\.)_/.test(path)) names.add(path);
    }
  }
  return [...names].sort();
}

/** The metric that a panel is about when nobody chose one. */
export function usualMetric(runs: readonly KnownRun[]): string {
  const names = summaryFields(runs);
  const likely = /(^|[/._])(val|valid|eval|test).*(loss|acc|error)|loss|acc/i;
  const found = names.find((name) => likely.test(name)) ?? names[0];
  return found === undefined ? "" : `summary.${found}`;
}

export const shortField = (field: string) => field.replace(/^(config|summary)\./, "");
