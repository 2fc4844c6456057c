import { describe, expect, it } from "vitest";
import { formatJson, isLong } from "./json";

describe("long values", () => {
  it("are lists and objects that do not fit, and texts of several lines", () => {
    expect(isLong([0.9, 0.999])).toBe(false);
    expect(isLong(Array.from({ length: 40 }, (_, i) => i))).toBe(true);
    expect(isLong({ image: 38, truth: 4, prediction: 8, confidence: 0.24058 })).toBe(true);
    expect(isLong("one line\n")).toBe(false);
    expect(isLong("two\nlines")).toBe(true);
    expect(isLong("x".repeat(241))).toBe(true);
    for (const short of [null, undefined, 1e300, true, "", {}, []])
      expect(isLong(short)).toBe(false);
  });

  it("keep the rows of a matrix whole", () => {
    const row = [45, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    const line = "[45, 0, 0, 0, 0, 0, 0, 0, 0, 0]";
    expect(formatJson([row, row, row])).toBe(`[\n  ${line},\n  ${line},\n  ${line}\n]`);
    expect(formatJson({ a: [1, { b: 'é"' }], c: {} })).toBe(
      '{ "a": [1, { "b": "é\\"" }], "c": {} }',
    );
  });

  it("remain the same value", () => {
    const value = {
      text: "a\nb",
      list: Array.from({ length: 30 }, (_, i) => ({ i, name: `number ${i}`, parts: [i, null] })),
      nothing: null,
      empty: [{}, []],
    };
    expect(JSON.parse(formatJson(value))).toEqual(value);
    expect(
      formatJson(value)
        .split("\n")
        .every((line) => line.length <= 80),
    ).toBe(true);
  });
});
