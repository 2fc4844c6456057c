import { flatten } from "./flatten";

export type Difference = "added" | "removed" | "changed" | "same";

export interface Compared<T> {
  name: string;
  kind: Difference;
  before: T | null;
  after: T | null;
}

/** What two sets of named things have in common and what not, by name. */
function compare<T>(
  before: ReadonlyMap<string, T>,
  after: ReadonlyMap<string, T>,
  isSame: (a: T, b: T) => boolean,
): Compared<T>[] {
  const names = [...new Set([...before.keys(), ...after.keys()])].sort((a, b) =>
    a < b ? -1 : a > b ? 1 : 0,
  );
  return names.map((name) => {
    const a = before.get(name);
    const b = after.get(name);
    if (a === undefined) return { name, kind: "added", before: null, after: b ?? null };
    if (b === undefined) return { name, kind: "removed", before: a, after: null };
    return { name, kind: isSame(a, b) ? "same" : "changed", before: a, after: b };
  });
}

interface Digested {
  path: string;
  digest: string;
}

/** Files that were added, removed, or hold other bytes. */
export function compareFiles<F extends Digested>(
  before: readonly F[],
  after: readonly F[],
): Compared<F>[] {
  const byPath = (files: readonly F[]) => new Map(files.map((file) => [file.path, file]));
  return compare(byPath(before), byPath(after), (a, b) => a.digest === b.digest);
}

/** Nested values that differ, by their paths. */
export function compareValues(before: unknown, after: unknown): Compared<{ value: unknown }>[] {
  const leaves = (value: unknown) =>
    new Map(flatten(value).map(([path, leaf]) => [path, { value: leaf }]));
  return compare(
    leaves(before),
    leaves(after),
    (a, b) => JSON.stringify(a.value) === JSON.stringify(b.value),
  );
}

/** How many there are of each kind. */
export function countKinds(rows: readonly { kind: Difference }[]): Record<Difference, number> {
  const counts = { added: 0, removed: 0, changed: 0, same: 0 };
  for (const row of rows) counts[row.kind] += 1;
  return counts;
}
