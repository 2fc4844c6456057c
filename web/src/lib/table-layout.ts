/** A column that is computed from others. */
export interface Formula {
  id: string;
  name: string;
  text: string;
}

/** How the table of runs looks, beyond what stands in the address. */
export interface TableLayout {
  widths: Readonly<Record<string, number>>;
  /** Columns that stay at the left, beside the name. */
  pinned: readonly string[];
  /** Columns that are coloured by their numbers. */
  heat: readonly string[];
  formulas: readonly Formula[];
  dense: boolean;
}

export const FORMULA = "formula.";
/** `spark.loss`: the course of a metric. */
export const SPARK = "spark.";

const record = (value: unknown): Record<string, unknown> =>
  value !== null && typeof value === "object" && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : {};
const texts = (value: unknown): string[] =>
  Array.isArray(value) ? value.filter((item): item is string => typeof item === "string") : [];

/** A layout from foreign JSON; what cannot be read is left out. */
export function readTableLayout(value: unknown): TableLayout {
  const found = record(value);
  const widths = Object.entries(record(found.widths)).filter(
    (entry): entry is [string, number] => typeof entry[1] === "number" && entry[1] > 0,
  );
  const formulas = Array.isArray(found.formulas) ? found.formulas.map(record) : [];
  return {
    widths: Object.fromEntries(widths),
    pinned: texts(found.pinned),
    heat: texts(found.heat),
    formulas: formulas.flatMap(({ id, name, text }) =>
      typeof id === "string" && typeof name === "string" && typeof text === "string"
        ? [{ id, name, text }]
        : [],
    ),
    dense: found.dense === true,
  };
}

export function toggled(items: readonly string[], item: string): string[] {
  return items.includes(item) ? items.filter((other) => other !== item) : [...items, item];
}

/** The columns with one moved to the place of another. */
export function movedTo(items: readonly string[], item: string, to: string): string[] {
  const from = items.indexOf(item);
  const target = items.indexOf(to);
  if (from < 0 || target < 0 || from === target) return [...items];
  const rest = items.filter((other) => other !== item);
  rest.splice(target, 0, item);
  return rest;
}

/** The pinned columns first, each part in its own order. */
export function pinnedFirst(columns: readonly string[], pinned: readonly string[]): string[] {
  return [
    ...columns.filter((column) => pinned.includes(column)),
    ...columns.filter((column) => !pinned.includes(column)),
  ];
}
