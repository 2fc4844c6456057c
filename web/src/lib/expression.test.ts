import { describe, expect, it } from "vitest";
import { compileExpression, tryExpression } from "./expression";

const values: Record<string, number> = { "summary.loss": 8, "train/loss": 2, x: 3 };
const of = (text: string) => compileExpression(text).evaluate((name) => values[name] ?? Number.NaN);

describe("expressions", () => {
  it("follow the usual rules of arithmetic", () => {
    expect(of("1 + 2 * 3")).toBe(7);
    expect(of("(1 + 2) * 3")).toBe(9);
    expect(of("2 ** 3 ** 2")).toBe(512);
    expect(of("-x ** 2")).toBe(-9);
    expect(of("10 - 4 - 3")).toBe(3);
    expect(of("7 % 4 / 2")).toBe(1.5);
    expect(of("1e-3 * .5")).toBe(0.0005);
  });

  it("take values by name, and functions", () => {
    expect(of("summary.loss / ${train/loss}")).toBe(4);
    expect(of("sqrt(max(x, 9, 4))")).toBe(3);
    expect(of("missing + 1")).toBeNaN();
    expect(compileExpression("${train/loss} + x + x").names).toEqual(["train/loss", "x"]);
  });

  it("say where they stop making sense", () => {
    for (const [text, place] of [
      ["1 +", "…"],
      ["2 * ; 3", "; 3 (5)"],
      ["alert(1)", "alert (1)"],
      ["(1", "…"],
      ["1 2", "2 (3)"],
      ["constructor(1)", "constructor (1)"],
    ] as const) {
      expect(tryExpression(text)).toEqual(new SyntaxError(place));
    }
    expect(tryExpression("(".repeat(5000))).toBeInstanceOf(SyntaxError);
    expect(tryExpression("-".repeat(5000))).toBeInstanceOf(SyntaxError);
  });
});
