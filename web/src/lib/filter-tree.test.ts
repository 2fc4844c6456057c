import { describe, expect, test } from "vitest";
import type { FilterNode } from "./filter-tree";
import { parseField, parseFilter, printFilter, readScalar, writeScalar } from "./filter-tree";

const condition = (field: string, operator: string, ...values: unknown[]) =>
  ({ kind: "condition", field: field.split("."), operator, values }) as FilterNode;

test.each([
  ["config.lr > 0.01", condition("config.lr", ">", 0.01)],
  ['state == "running"', condition("state", "=", "running")],
  ["name ~ '^x\\\\d'", condition("name", "~", "^x\\d")],
  ['group in ["a", 1, null]', condition("group", "in", "a", 1, null)],
  ["summary.acc not exists", condition("summary.acc", "not exists")],
  ["not summary.acc exists", condition("summary.acc", "not exists")],
  ["tags size 2", condition("tags", "size", 2)],
  ["config.0 = -1e-7", condition("config.0", "=", -1e-7)],
  ["config.train/loss != true", condition("config.train/loss", "!=", true)],
  ["config.学習率 < 1", condition("config.学習率", "<", 1)],
])("%s is read", (text, tree) => {
  expect(parseFilter(text)).toEqual(tree);
});

test("`and` binds stronger than `or`, `not` stronger than both", () => {
  expect(parseFilter("not a = 1 and b = 2 or c = 3")).toEqual({
    kind: "any",
    not: false,
    items: [
      {
        kind: "all",
        not: false,
        items: [
          { kind: "all", not: true, items: [condition("a", "=", 1)] },
          condition("b", "=", 2),
        ],
      },
      condition("c", "=", 3),
    ],
  });
});

describe("what is written is read as the same", () => {
  test.each([
    "true",
    "not true",
    "a = 1 and (b = 2 or c = 3) and d exists",
    "not (a = 1 or b = 2) and not c = 3",
    'config."a b".c = "say \\"no\\"\\n"',
    '"and".x = null or "1" = 1',
    "x > -Infinity and y = NaN and z in []",
    'name not contains "é" or name !~ "^$"',
    "not (not (a < 1))",
  ])("%s", (text) => {
    const tree = parseFilter(text);
    expect(parseFilter(printFilter(tree))).toEqual(tree);
  });
});

test.each([
  ["", "… (1)"],
  ["a >", "… (4)"],
  ["a = running", "running (5)"],
  ["(a = 1", "… (7)"],
  ['a = "open', '" (5)'],
  ["a = 1 b", "b (7)"],
  ["not", "… (4)"],
  [`${"(".repeat(60)}a = 1${")".repeat(60)}`, "( (51)"],
])("%s is refused", (text, message) => {
  expect(() => parseFilter(text)).toThrow(message);
});

test("names of fields are read on their own", () => {
  expect(parseField('summary."val loss".max')).toEqual(["summary", "val loss", "max"]);
  expect(() => parseField("a b")).toThrow(SyntaxError);
});

test.each([
  ["5", 5],
  ['"5"', "5"],
  ["running", "running"],
  ["a b", "a b"],
  ["null", null],
  ["true", true],
  ['say "x"', 'say "x"'],
])("the value %s is understood and shown as it was", (text, value) => {
  expect(readScalar(text)).toBe(value);
  expect(writeScalar(value)).toBe(text);
});
