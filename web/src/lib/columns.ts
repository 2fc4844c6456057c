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

/** Columns when none were chosen: the usual attributes, some results, some settings. */
export function usualColumns(config: readonly string[], summary: readonly string[]): string[] {
  const plain = (field: string) => !field.startsWith("_") && !/(^|[./])_/.test(field);
  return [
    "state",
    "created_at",
    "duration",
    "tags",
    ...summary
      .filter(plain)
      .slice(0, AUTOMATIC)
      .map((field) => `summary.${field}`),
    ...config
      .filter(plain)
      .slice(0, AUTOMATIC)
      .map((field) => `config.${field}`),
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
