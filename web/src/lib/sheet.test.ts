import { describe, expect, it } from "vitest";
import { mappingOf, rowOf } from "./call-rows";
import { importRows } from "./import-rows";
import { compareRows } from "./row-diff";
import { changesOf, isEdited, noEdits, readCell, removeRow, rowAt, writeCells } from "./sheet";

const rows = [{ q: "a", n: 1 }, { q: "b", n: 2 }, { q: "c" }];
const stored = (index: number) => rows[index];

describe("edits of a sheet", () => {
  it("replace, add and remove rows, and are gone when they say what was there", () => {
    let edits = writeCells(noEdits, 3, [{ place: 1, column: "q", value: "B" }], stored);
    edits = writeCells(edits, 3, [{ place: 4, column: "q", value: "new" }], stored);
    expect(edits).toEqual({
      replaced: { 1: { q: "B", n: 2 } },
      removed: [],
      added: [{}, { q: "new" }],
    });
    expect(rowAt(edits, 3, 1, stored)).toEqual({ q: "B", n: 2 });
    edits = removeRow(removeRow(removeRow(edits, 3, 3), 3, 3), 3, 0);
    expect(edits.added).toEqual([]);
    expect(changesOf(edits, 3, stored).map((row) => [row.kind, row.before?.index])).toEqual([
      ["removed", 0],
      ["changed", 1],
    ]);
    edits = removeRow(edits, 3, 0);
    edits = writeCells(edits, 3, [{ place: 1, column: "q", value: "b" }], stored);
    expect(isEdited(edits)).toBe(false);
  });

  it("leave rows alone that were not read, and take cells away", () => {
    const edits = writeCells(noEdits, 9, [{ place: 7, column: "q", value: "x" }], stored);
    expect(isEdited(edits)).toBe(false);
    const without = writeCells(noEdits, 3, [{ place: 0, column: "n", value: undefined }], stored);
    expect(without.replaced[0]).toEqual({ q: "a" });
  });

  it("read a text as what the column holds", () => {
    expect(readCell("007", "a")).toBe("007");
    expect(readCell("7", 3)).toBe(7);
    expect(readCell('{"a":1}', undefined)).toEqual({ a: 1 });
    expect(readCell("not json", 3)).toBe("not json");
    expect(readCell("", 3)).toBeUndefined();
  });
});

describe("rows of files", () => {
  it("come from CSV with numbers and truth values where a whole column has them", () => {
    const found = importRows("a.csv", 'q,n,ok,zip\n"a, b",1,true,007\n椅子,2.5,false,008\n');
    expect(found.rows).toEqual([
      { q: "a, b", n: 1, ok: true, zip: "007" },
      { q: "椅子", n: 2.5, ok: false, zip: "008" },
    ]);
    expect(found.problems).toEqual([]);
  });

  it("come from JSON lines, and lines that are no rows are named", () => {
    const found = importRows("a.jsonl", '{"a":1}\n[1]\n{oops\n{"b":2}\n');
    expect(found.rows).toEqual([{ a: 1 }, { b: 2 }]);
    expect(found.columns).toEqual(["a", "b"]);
    expect(found.problems.map((problem) => problem.line).sort()).toEqual([2, 3]);
  });
});

it("rows of two tables are told apart by content, not by place", () => {
  const row = (index: number, value: Record<string, unknown>) => ({
    index,
    digest: JSON.stringify(value),
    value,
  });
  const before = [row(0, { q: "a", n: 1 }), row(1, { q: "b", n: 2 }), row(2, { q: "c", n: 3 })];
  const after = [row(0, { q: "c", n: 3 }), row(1, { q: "a", n: 9 }), row(2, { q: "z", n: 0 })];
  expect(
    compareRows(before, after).map((one) => [one.kind, one.before?.value.q, one.after?.value.q]),
  ).toEqual([
    ["same", "c", "c"],
    ["changed", "a", "a"],
    ["removed", "b", undefined],
    ["added", undefined, "z"],
  ]);
});

it("calls become rows by their inputs and parts of their output", () => {
  const call = { inputs: { self: "weave:///a/b/object/m:1", q: "x" }, output: { a: { b: 1 } } };
  const mapping = mappingOf([call]);
  expect(mapping.map((one) => [one.path, one.column, one.taken])).toEqual([
    ["inputs.self", "self", false],
    ["inputs.q", "q", true],
    ["output.a.b", "b", true],
  ]);
  expect(rowOf(call, mapping)).toEqual({ q: "x", b: 1 });
});
