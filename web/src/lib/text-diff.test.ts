import { describe, expect, it } from "vitest";
import { diffLines, foldRows } from "./text-diff";

const told = (before: string, after: string) =>
  diffLines(before, after).map((row) => [
    row.kind,
    row.before?.pieces.map((piece) => (piece.changed ? `[${piece.text}]` : piece.text)).join(""),
    row.after?.pieces.map((piece) => (piece.changed ? `[${piece.text}]` : piece.text)).join(""),
  ]);

describe("lines of two texts", () => {
  it("stand side by side, with the changed words marked", () => {
    expect(told("a\ntop = 4 rows\nc", "a\ntop = 10 rows\nc\nd")).toEqual([
      ["same", "a", "a"],
      ["changed", "top = [4] rows", "top = [10] rows"],
      ["same", "c", "c"],
      ["added", undefined, "d"],
    ]);
  });

  it("with little in common are shown whole", () => {
    expect(told("alpha", "omega")).toEqual([["changed", "alpha", "omega"]]);
  });

  it("are folded far from a change, and never lost", () => {
    const before = Array.from({ length: 40 }, (_, line) => `line ${line}`);
    const after = before.map((line, index) => (index === 20 ? "other" : line));
    const rows = diffLines(before.join("\n"), after.join("\n"));
    const shown = foldRows(rows, 2);
    expect(shown.map((row) => (row.kind === "fold" ? row.rows.length : row.kind))).toEqual([
      18,
      "same",
      "same",
      "changed",
      "same",
      "same",
      17,
    ]);
  });
});
