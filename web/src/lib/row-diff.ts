import type { Difference } from "./difference";

export interface ComparedRow {
  kind: Difference;
  /** Places in the tables, from 0. */
  before: { index: number; value: Record<string, unknown> } | null;
  after: { index: number; value: Record<string, unknown> } | null;
}

interface Row {
  index: number;
  digest: string;
  value: Record<string, unknown>;
}

/**
 * The rows of two tables by their content, whatever their order. Of those that only one has, two
 * are one row that changed where most of their cells are alike, or where they stand in one place.
 */
export function compareRows(before: readonly Row[], after: readonly Row[]): ComparedRow[] {
  const left = new Map<string, Row[]>();
  for (const row of before) left.set(row.digest, [...(left.get(row.digest) ?? []), row]);
  const found: ComparedRow[] = [];
  const fresh: Row[] = [];
  for (const row of after) {
    const twin = left.get(row.digest)?.shift();
    if (twin) found.push({ kind: "same", before: twin, after: row });
    else fresh.push(row);
  }
  const gone = [...left.values()].flat();
  const waiting = new Map(gone.map((row) => [row.index, row]));
  for (const row of fresh) {
    const twin = alike(row, waiting);
    if (twin) waiting.delete(twin.index);
    found.push({ kind: twin ? "changed" : "added", before: twin ?? null, after: row });
  }
  for (const row of waiting.values()) found.push({ kind: "removed", before: row, after: null });
  return found.sort((a, b) => placeOf(a) - placeOf(b));
}

const placeOf = (row: ComparedRow) => row.after?.index ?? row.before?.index ?? 0;

/** At most so many rows are looked through for the one that a row was before. */
const MOST = 200;

function alike(row: Row, waiting: ReadonlyMap<number, Row>): Row | null {
  let best: Row | null = null;
  let most = 0;
  let seen = 0;
  for (const one of waiting.values()) {
    if (++seen > MOST) break;
    const keys = [...new Set([...Object.keys(row.value), ...Object.keys(one.value)])];
    const same = keys.filter(
      (key) => JSON.stringify(row.value[key]) === JSON.stringify(one.value[key]),
    ).length;
    const share = same / Math.max(1, keys.length);
    if (share > most) {
      best = one;
      most = share;
    }
  }
  return most >= 0.5 ? best : (waiting.get(row.index) ?? null);
}
