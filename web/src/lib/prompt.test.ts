import { expect, it } from "vitest";
import { readReference } from "./object-links";
import { fill, readPrompt, variablesOf, writePrompt } from "./prompt";
import { highlightPython } from "./python";

it("a prompt has variables, and braces that are none", () => {
  const form = readPrompt({
    messages: [
      { role: "system", content: "JSON like {{a}}" },
      { role: "user", content: "{query} and {title} and {query}" },
    ],
  });
  if (!form) throw new Error("no prompt");
  expect(variablesOf(form)).toEqual(["query", "title"]);
  expect(fill("{{x}} {query}{title}", { query: "椅子" })).toEqual([
    { text: "{", variable: null },
    { text: "x", variable: null },
    { text: "}", variable: null },
    { text: " ", variable: null },
    { text: "椅子", variable: "query" },
    { text: "{title}", variable: "title" },
  ]);
  expect(writePrompt({ a: 1, content: "x" }, { kind: "text", text: "y" })).toEqual({
    a: 1,
    content: "y",
  });
  expect(readPrompt({ template: "x" })).toBeNull();
});

it("references are taken apart", () => {
  expect(readReference("weave:///e/p/op/a.b:xyz")).toEqual({
    kind: "op",
    entity: "e",
    project: "p",
    name: "a.b",
    version: "xyz",
    rest: "",
  });
  expect(readReference("weave:///e/p/call/1")).toMatchObject({ kind: "call", id: "1" });
  expect(readReference("https://example.org")).toBeNull();
});

it("Python is coloured line by line", () => {
  const lines = highlightPython('def f():  # 注\n    return """a\nb"""');
  expect(lines.map((line) => line.map((token) => token.text).join(""))).toEqual([
    "def f():  # 注",
    '    return """a',
    'b"""',
  ]);
  expect(lines[0]?.find((token) => token.kind === "comment")?.text).toBe("# 注");
  expect(lines[2]?.[0]?.kind).toBe("string");
});
