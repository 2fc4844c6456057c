import { parsePatch } from "diff";
import type { DiffRow, Side } from "./text-diff";
import { diffLines } from "./text-diff";

export interface PatchPart {
  /** The lines that it is about, and the function if git knew it. */
  title: string;
  rows: DiffRow[];
}

export interface PatchFile {
  path: string;
  kind: "changed" | "added" | "removed";
  added: number;
  removed: number;
  parts: PatchPart[];
}

/** The files that a unified diff changes, as `git diff` writes it; throws where it is none. */
export function readPatch(text: string): PatchFile[] {
  return parsePatch(text)
    .map((file) => {
      const before = nameOf(file.oldFileName);
      const after = nameOf(file.newFileName);
      const parts = file.hunks.map((hunk) => partOf(hunk.lines, hunk.oldStart, hunk.newStart));
      const rows = parts.flatMap((part) => part.rows);
      const kind: PatchFile["kind"] =
        before === null ? "added" : after === null ? "removed" : "changed";
      return {
        path: after ?? before ?? file.index ?? "",
        kind,
        added: count(rows, "after"),
        removed: count(rows, "before"),
        parts,
      };
    })
    .filter((file) => file.path !== "" || file.parts.length > 0);
}

/** Without git's `a/` and `b/`; null where there is no such file. */
function nameOf(name: string | undefined): string | null {
  if (!name || name === "/dev/null") return null;
  return name.replace(/^[abiwco]\//, "");
}

function partOf(lines: readonly string[], before: number, after: number): PatchPart {
  const side = (sign: string) =>
    lines
      .filter((line) => line[0] === sign || line[0] === " " || line === "")
      .map((line) => line.slice(1));
  const [old, now] = [side("-"), side("+")];
  return {
    title: `@@ -${before},${old.length} +${after},${now.length} @@`,
    rows: diffLines(old.join("\n"), now.join("\n")).map((row) => ({
      ...row,
      before: old.length > 0 ? moved(row.before, before - 1) : null,
      after: now.length > 0 ? moved(row.after, after - 1) : null,
    })),
  };
}

const moved = (side: Side | null, by: number): Side | null =>
  side && { ...side, line: side.line + by };

const count = (rows: readonly DiffRow[], side: "before" | "after") =>
  rows.filter((row) => row.kind !== "same" && row[side] !== null).length;
