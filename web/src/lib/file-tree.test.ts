import { describe, expect, it } from "vitest";
import { treeRows } from "./file-tree";

const files = [
  { path: "a/b/x", size: 1 },
  { path: "a/b/y", size: 2 },
  { path: "a/z", size: 4 },
  { path: "img10", size: 8 },
];

describe("a tree of files", () => {
  it("shows what is in open folders, folders first, with what they hold", () => {
    const rows = treeRows(files, (folder) => folder === "a");
    expect(
      rows.map((row) =>
        row.kind === "folder"
          ? `${row.depth} ${row.path}/ ${row.files} ${row.size}`
          : `${row.depth} ${row.name}`,
      ),
    ).toEqual(["0 a/ 3 7", "1 a/b/ 2 3", "1 z", "0 img10"]);
  });

  it("shows every file once all folders are open", () => {
    const rows = treeRows(files, () => true);
    expect(rows.filter((row) => row.kind === "file").map((row) => row.path)).toEqual(
      files.map((file) => file.path),
    );
  });
});
