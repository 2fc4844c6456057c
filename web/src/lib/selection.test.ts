import { describe, expect, it } from "vitest";
import { defaultSelection, isShown, MAX_SHOWN, showFirst, shownRuns, toggle } from "./selection";

const runs = Array.from({ length: 30 }, (_, at) => `r${at}`);

describe("which runs are drawn", () => {
  it("begins with the first ten", () => {
    expect(shownRuns(defaultSelection, runs)).toEqual(runs.slice(0, 10));
  });

  it("adds and removes single runs, and forgets what undoes itself", () => {
    const plus = toggle(defaultSelection, "r20", 20);
    expect(shownRuns(plus, runs)).toEqual([...runs.slice(0, 10), "r20"]);
    const minus = toggle(plus, "r3", 3);
    expect(isShown(minus, "r3", 3)).toBe(false);
    expect(toggle(toggle(minus, "r3", 3), "r20", 20)).toEqual(defaultSelection);
  });

  it("keeps a chosen run that the list has not brought yet", () => {
    const chosen = { first: 0, shown: ["far-away"], hidden: [] };
    expect(shownRuns(chosen, runs)).toEqual(["far-away"]);
  });

  it("hides a run also after it moved up in the list", () => {
    const hidden = toggle(toggle(defaultSelection, "r20", 20), "r20", 2);
    expect(isShown(hidden, "r20", 2)).toBe(false);
  });

  it("never draws more than can be told apart", () => {
    const many = Array.from({ length: 2000 }, (_, at) => `m${at}`);
    expect(shownRuns(showFirst(2000), many)).toHaveLength(MAX_SHOWN);
    expect(shownRuns(showFirst(0), many)).toEqual([]);
  });
});
