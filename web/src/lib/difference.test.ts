import { describe, expect, it } from "vitest";
import { compareFiles, compareValues, countKinds } from "./difference";

const file = (path: string, digest: string) => ({ path, digest });

describe("differences", () => {
  it("tell files that came, went, changed and stayed", () => {
    const rows = compareFiles(
      [file("a", "1"), file("b", "1"), file("c", "1")],
      [file("b", "1"), file("c", "2"), file("d", "1")],
    );
    expect(rows.map(({ name, kind }) => `${name} ${kind}`)).toEqual([
      "a removed",
      "b same",
      "c changed",
      "d added",
    ]);
    expect(countKinds(rows)).toEqual({ added: 1, removed: 1, changed: 1, same: 1 });
  });

  it("reach into nested values, and keep false apart from what is not there", () => {
    const rows = compareValues({ a: { b: 1, c: [1] } }, { a: { b: 1, c: [2] }, d: false });
    expect(rows.map(({ name, kind }) => `${name} ${kind}`)).toEqual([
      "a.b same",
      "a.c changed",
      "d added",
    ]);
  });
});
