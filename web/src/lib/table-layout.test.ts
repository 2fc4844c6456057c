import { describe, expect, it } from "vitest";
import { movedTo, pinnedFirst, readTableLayout, toggled } from "./table-layout";

describe("the layout of a table", () => {
  it("is read from anything, and keeps what can be read", () => {
    const usual = { widths: {}, pinned: [], heat: [], formulas: [], dense: false };
    for (const foreign of [undefined, null, 3, "x", [], { widths: [1], pinned: {} }]) {
      expect(readTableLayout(foreign)).toEqual(usual);
    }
    expect(
      readTableLayout({
        widths: { a: 90, b: "wide", c: -1 },
        pinned: ["a", 2],
        formulas: [{ id: "f", name: "ratio", text: "a/b" }, { id: 1 }],
        dense: true,
      }),
    ).toEqual({
      widths: { a: 90 },
      pinned: ["a"],
      heat: [],
      formulas: [{ id: "f", name: "ratio", text: "a/b" }],
      dense: true,
    });
  });

  it("moves columns to where they are dropped", () => {
    expect(movedTo(["a", "b", "c", "d"], "a", "c")).toEqual(["b", "c", "a", "d"]);
    expect(movedTo(["a", "b", "c", "d"], "d", "b")).toEqual(["a", "d", "b", "c"]);
    expect(movedTo(["a", "b"], "x", "b")).toEqual(["a", "b"]);
    expect(pinnedFirst(["a", "b", "c", "d"], ["d", "b"])).toEqual(["b", "d", "a", "c"]);
    expect(toggled(toggled(["a"], "b"), "a")).toEqual(["b"]);
  });
});
