import { describe, expect, it } from "vitest";
import { begin, push, redo, STEPS, undo } from "./history";

describe("the history of a view", () => {
  it("goes back and forth, and forgets what was taken back at the next change", () => {
    const three = push(push(begin("a"), "b"), "c");
    expect(undo(undo(three)).present).toBe("a");
    expect(undo(undo(undo(three))).present).toBe("a");
    expect(redo(undo(three))).toEqual(three);
    const other = push(undo(three), "d");
    expect(redo(other)).toEqual(other);
    expect(other.past).toEqual(["a", "b"]);
  });

  it("takes a merged change back together with the one before it", () => {
    const typed = push(push(begin(""), "l"), "loss", true);
    expect(typed.present).toBe("loss");
    expect(undo(typed).present).toBe("");
  });

  it("keeps a bounded number of steps", () => {
    let history = begin(0);
    for (let n = 1; n <= 3 * STEPS; n++) history = push(history, n);
    expect(history.past).toHaveLength(STEPS);
    expect(history.past[0]).toBe(2 * STEPS);
  });
});
