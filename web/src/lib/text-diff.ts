import { diffArrays, diffWordsWithSpace } from "diff";

/** A piece of a line; `changed` where the other side has something else. */
export interface Piece {
  text: string;
  changed: boolean;
}

export interface Side {
  line: number;
  pieces: Piece[];
}

/** What stands beside each other in two columns; a side without a line is empty. */
export interface DiffRow {
  kind: "same" | "changed" | "removed" | "added";
  before: Side | null;
  after: Side | null;
}

export interface Fold {
  kind: "fold";
  rows: DiffRow[];
}

const whole = (text: string): Piece[] => [{ text, changed: false }];

function words(before: string, after: string): [Piece[], Piece[]] {
  // Lines that have little in common are easier to read whole.
  if (before.length + after.length > 4_000) return [whole(before), whole(after)];
  const parts = diffWordsWithSpace(before, after);
  const kept = parts.filter((part) => !part.added && !part.removed);
  const shared = kept.reduce((sum, part) => sum + part.value.trim().length, 0);
  if (shared * 3 < Math.max(before.trim().length, after.trim().length)) {
    return [whole(before), whole(after)];
  }
  const side = (mine: "added" | "removed", other: "added" | "removed") =>
    parts
      .filter((part) => !part[other])
      .map((part) => ({ text: part.value, changed: Boolean(part[mine]) }));
  return [side("removed", "added"), side("added", "removed")];
}

/** The lines of two texts side by side. */
export function diffLines(before: string, after: string): DiffRow[] {
  const rows: DiffRow[] = [];
  const parts = diffArrays(before.split("\n"), after.split("\n"));
  let left = 1;
  let right = 1;
  for (let at = 0; at < parts.length; at++) {
    const part = parts[at];
    if (!part) continue;
    const next = parts[at + 1];
    if (!part.added && !part.removed) {
      for (const text of part.value) {
        const pieces = whole(text);
        rows.push({
          kind: "same",
          before: { line: left++, pieces },
          after: { line: right++, pieces },
        });
      }
      continue;
    }
    const paired = part.removed && next?.added ? next : null;
    if (paired) at += 1;
    const removed = part.removed ? part.value : [];
    const added = part.added ? part.value : (paired?.value ?? []);
    for (let line = 0; line < Math.max(removed.length, added.length); line++) {
      const old = removed[line];
      const now = added[line];
      if (old !== undefined && now !== undefined) {
        const [a, b] = words(old, now);
        rows.push({
          kind: "changed",
          before: { line: left++, pieces: a },
          after: { line: right++, pieces: b },
        });
      } else if (old !== undefined) {
        rows.push({ kind: "removed", before: { line: left++, pieces: whole(old) }, after: null });
      } else if (now !== undefined) {
        rows.push({ kind: "added", before: null, after: { line: right++, pieces: whole(now) } });
      }
    }
  }
  return rows;
}

/** Puts long stretches without a change together, but for some lines around each change. */
export function foldRows(rows: readonly DiffRow[], around = 3): (DiffRow | Fold)[] {
  const shown = new Set<number>();
  rows.forEach((row, index) => {
    if (row.kind === "same") return;
    for (let at = index - around; at <= index + around; at++) shown.add(at);
  });
  const found: (DiffRow | Fold)[] = [];
  let waiting: DiffRow[] = [];
  const flush = () => {
    if (waiting.length > 2) found.push({ kind: "fold", rows: waiting });
    else found.push(...waiting);
    waiting = [];
  };
  rows.forEach((row, index) => {
    if (shown.has(index)) {
      flush();
      found.push(row);
    } else waiting.push(row);
  });
  flush();
  return found;
}

/** The words of two short texts, for cells of tables. */
export function diffWords(before: string, after: string): [Piece[], Piece[]] {
  return words(before, after);
}
