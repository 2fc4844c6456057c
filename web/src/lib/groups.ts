import { columnValue } from "./columns";
import { flatten } from "./flatten";
import { formatValue } from "./format";
import type { Grouping } from "./view";

interface Groupable {
  id: string;
  state: string;
  created_at: string;
  duration_s: number | null;
  config: Record<string, unknown>;
  summary: Record<string, unknown>;
}

export interface GroupName {
  id: string;
  label: string;
}

const short = (field: string) => field.replace(/^(config|summary)\./, "");

/**
 * The group of each run: runs with equal values of some fields, or whose whole config is equal
 * but for some fields, as the seed. Only what differs is in the names.
 */
export function groupRuns(runs: readonly Groupable[], by: Grouping): Map<string, GroupName> {
  const found = new Map<string, GroupName>();
  if (!by.except && by.fields.length === 0) return found;
  const fields = by.except ? otherFields(runs, by.fields) : by.fields;
  for (const run of runs) {
    const values = fields.map((field) => columnValue(run, field));
    const id = JSON.stringify(values);
    const label =
      fields.length === 0
        ? "–"
        : fields
            .map((field, index) => `${short(field)}: ${formatValue(values[index])}`)
            .join(" · ");
    found.set(run.id, { id, label });
  }
  return found;
}

/** Fields of the config that differ between runs, without some. */
function otherFields(runs: readonly Groupable[], except: readonly string[]): string[] {
  const values = new Map<string, Set<string>>();
  for (const run of runs) {
    for (const [path] of flatten(run.config)) values.set(path, new Set());
  }
  for (const [path, seen] of values) {
    for (const run of runs) seen.add(JSON.stringify(columnValue(run, `config.${path}`)) ?? "");
  }
  return [...values]
    .filter(([path, seen]) => seen.size > 1 && !except.includes(`config.${path}`))
    .map(([path]) => `config.${path}`)
    .sort();
}
