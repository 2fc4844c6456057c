import { valueAt } from "./flatten";

/** Attributes of a run that can be columns; the others are `config.…` and `summary.…`. */
export const attributeColumns = [
  "state",
  "created_at",
  "duration",
  "user",
  "host",
  "group",
  "job_type",
  "tags",
  "notes",
] as const;
export type AttributeColumn = (typeof attributeColumns)[number];

export function isAttribute(column: string): column is AttributeColumn {
  return (attributeColumns as readonly string[]).includes(column);
}

const AUTOMATIC = 6;
/** Runs that tell what kind of value a field has. */
const SAMPLE = 100;

/** Whether a value has parts, so that a cell can show only its beginning. */
const hasParts = (value: unknown) => value !== null && typeof value === "object";

/**
 * Columns when none were chosen: the usual attributes, some results, some settings. Fields that
 * are a list or an object in one of the runs are left to the chooser.
 */
export function usualColumns(
  config: readonly string[],
  summary: readonly string[],
  runs: readonly RowLike[] = [],
): string[] {
  const sample = runs.slice(0, SAMPLE);
  const some = (root: "config" | "summary", fields: readonly string[]) => {
    const found: string[] = [];
    for (const field of fields) {
      if (found.length === AUTOMATIC) break;
      const column = `${root}.${field}`;
      if (/(^|[./])_/.test(field)) continue;
      if (!sample.some((run) => hasParts(columnValue(run, column)))) found.push(column);
    }
    return found;
  };
  return [
    "state",
    "created_at",
    "duration",
    "tags",
    ...some("summary", summary),
    ...some("config", config),
  ];
}

interface RowLike {
  state: string;
  created_at: string;
  duration_s: number | null;
  config: Record<string, unknown>;
  summary: Record<string, unknown>;
}

/** What a run has in a column. */
export function columnValue(run: RowLike, column: string): unknown {
  if (column === "duration") return run.duration_s;
  if (column.startsWith("config.")) return valueAt(run.config, column.slice(7));
  if (column.startsWith("summary.")) return valueAt(run.summary, column.slice(8));
  return (run as unknown as Record<string, unknown>)[column];
}

/** A click on a header: none → up → down → none; with `add` beside the others. */
export function nextSort(
  sort: readonly { field: string; descending: boolean }[],
  field: string,
  add: boolean,
): { field: string; descending: boolean }[] {
  const current = sort.find((item) => item.field === field);
  const next = current
    ? current.descending
      ? []
      : [{ field, descending: true }]
    : [{ field, descending: false }];
  if (!add) return next;
  if (!current) return [...sort, ...next];
  return sort.flatMap((item) => (item.field === field ? next : [item]));
}
