import type { ComparedRow } from "./row-diff";

export type SheetRow = Record<string, unknown>;

/** What somebody has done to the rows of a table that is stored; indexes are those of the table. */
export interface SheetEdits {
  replaced: Readonly<Record<number, SheetRow>>;
  removed: readonly number[];
  /** At the end. */
  added: readonly SheetRow[];
}

export const noEdits: SheetEdits = { replaced: {}, removed: [], added: [] };

export const isEdited = (edits: SheetEdits): boolean =>
  Object.keys(edits.replaced).length > 0 || edits.removed.length > 0 || edits.added.length > 0;

/** The row at a place on the screen: those of the table first, then the added ones. */
export function rowAt(
  edits: SheetEdits,
  total: number,
  place: number,
  stored: (index: number) => SheetRow | undefined,
): SheetRow | undefined {
  return place < total ? (edits.replaced[place] ?? stored(place)) : edits.added[place - total];
}

/** Puts cells into rows; without a value a cell goes. */
export function writeCells(
  edits: SheetEdits,
  total: number,
  cells: readonly { place: number; column: string; value: unknown }[],
  stored: (index: number) => SheetRow | undefined,
): SheetEdits {
  const replaced: Record<number, SheetRow> = { ...edits.replaced };
  const added = [...edits.added];
  for (const { place, column, value } of cells) {
    while (place >= total + added.length) added.push({});
    const current = place < total ? (replaced[place] ?? stored(place)) : added[place - total];
    // A row that has not been read yet cannot be changed: it would lose its other cells.
    if (current === undefined) continue;
    const { [column]: _, ...rest } = current;
    const next = value === undefined ? rest : { ...current, [column]: value };
    if (place >= total) added[place - total] = next;
    else if (JSON.stringify(next) === JSON.stringify(stored(place))) delete replaced[place];
    else replaced[place] = next;
  }
  return { ...edits, replaced, added };
}

/** Marks a stored row as removed, or takes an added one away. */
export function removeRow(edits: SheetEdits, total: number, place: number): SheetEdits {
  if (place >= total) {
    return { ...edits, added: edits.added.filter((_, index) => index !== place - total) };
  }
  const removed = edits.removed.includes(place)
    ? edits.removed.filter((index) => index !== place)
    : [...edits.removed, place];
  return { ...edits, removed };
}

/** What a text in a cell means, beside a value that stood there or stands in the same column. */
export function readCell(text: string, sample: unknown): unknown {
  if (typeof sample === "string") return text;
  if (text.trim() === "") return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** The edits as rows before and after. */
export function changesOf(
  edits: SheetEdits,
  total: number,
  stored: (index: number) => SheetRow | undefined,
): ComparedRow[] {
  const gone = new Set(edits.removed);
  const changed = Object.entries(edits.replaced)
    .map(([index, value]) => ({ index: Number(index), value }))
    .filter(({ index }) => !gone.has(index))
    .map(
      ({ index, value }): ComparedRow => ({
        kind: "changed",
        before: { index, value: stored(index) ?? {} },
        after: { index, value },
      }),
    );
  const removed = edits.removed.map(
    (index): ComparedRow => ({
      kind: "removed",
      before: { index, value: stored(index) ?? {} },
      after: null,
    }),
  );
  const added = edits.added.map(
    (value, index): ComparedRow => ({
      kind: "added",
      before: null,
      after: { index: total - edits.removed.length + index, value },
    }),
  );
  const place = (row: ComparedRow) => row.before?.index ?? total;
  return [...[...changed, ...removed].sort((a, b) => place(a) - place(b)), ...added];
}
