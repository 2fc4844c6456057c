import { describe, expect, it } from "vitest";
import { apiPath, withQuery } from "@/api/http";
import type { LogLine } from "@/api/types";
import { markMatches } from "@/features/run/log-row";
import { appendLines } from "@/features/run/use-log-tail";
import { prune } from "@/features/run/value-tree";
import { safeNext } from "@/features/session/next";
import { createMatcher } from "@/lib/shortcuts";

const line = (cursor: string, text = cursor): LogLine => ({
  cursor,
  text,
  time: "2026-01-01T00:00:00Z",
  level: "info",
  label: null,
  number: 0,
});

describe("the log", () => {
  const pages = { pages: [{ items: [line("a"), line("b")], total: 2 }], pageParams: [] };

  it("grows at its end", () => {
    const next = appendLines(pages, [line("c")], 3);
    expect(next.pages.flatMap((page) => page.items.map((item) => item.cursor))).toEqual([
      "a",
      "b",
      "c",
    ]);
    expect(next.pages.at(-1)?.total).toBe(3);
  });

  it("replaces a line that was printed over", () => {
    const next = appendLines(pages, [line("b", "100 %")], 2);
    expect(next.pages[0]?.items.map((item) => item.text)).toEqual(["a", "100 %"]);
  });

  it("marks what was searched for", () => {
    expect(markMatches("loss 1 loss 2", /loss/i)).toEqual([
      ["loss", true],
      [" 1 ", false],
      ["loss", true],
      [" 2", false],
    ]);
    expect(markMatches("abc", /x*/)).toEqual([["abc", false]]);
  });
});

describe("searching a config", () => {
  const config = { model: { depth: 34, act: "gelu" }, lr: 0.5, data: { name: "model-zoo" } };

  it("keeps whole branches that match by name, and single leaves by value", () => {
    expect(prune(config, "model")).toEqual({
      model: { depth: 34, act: "gelu" },
      data: { name: "model-zoo" },
    });
    expect(prune(config, "gelu")).toEqual({ model: { act: "gelu" } });
    expect(prune(config, "model.depth")).toEqual({ model: { depth: 34 } });
    expect(prune(config, "nothing")).toEqual({});
  });
});

describe("keys", () => {
  const press = (key: string, more = {}) => ({
    key,
    ctrlKey: false,
    metaKey: false,
    altKey: false,
    ...more,
  });

  it("form sequences, within a while", () => {
    let now = 0;
    const match = createMatcher(() => now);
    const done: string[] = [];
    const bindings = { "g p": () => done.push("gp"), p: () => done.push("p") };
    match(press("g"), bindings)?.();
    match(press("p"), bindings)?.();
    expect(done).toEqual(["gp"]);
    match(press("g"), bindings)?.();
    now = 5000;
    match(press("p"), bindings)?.();
    expect(done).toEqual(["gp", "p"]);
  });

  it("know modifiers, and ignore them alone", () => {
    const match = createMatcher();
    const bindings = { "mod+k": () => {}, k: () => {} };
    expect(match(press("Control"), bindings)).toBeNull();
    expect(match(press("k", { metaKey: true }), bindings)).toBe(bindings["mod+k"]);
    expect(match(press("k", { altKey: true }), bindings)).toBeNull();
  });
});

describe("addresses", () => {
  it("encode every part", () => {
    expect(apiPath("projects", "a/b", "日本")).toBe("/api/v1/projects/a%2Fb/%E6%97%A5%E6%9C%AC");
    expect(withQuery("/x", { a: ["1", "2"], b: null, c: 0, d: "" })).toBe("/x?a=1&a=2&c=0");
  });

  it.each([
    ["/a/b?c=1", "/a/b?c=1"],
    ["//evil.test", "/"],
    ["/\\evil.test", "/"],
    ["https://evil.test", "/"],
    ["/signin?token=x", "/"],
    [undefined, "/"],
  ])("after signing in %s leads to %s", (next, page) => {
    expect(safeNext(next)).toBe(page);
  });
});
