import { describe, expect, it } from "vitest";
import { columnValue, nextSort, usualColumns } from "./columns";
import { completions } from "./complete";
import { csvLine } from "./csv";
import { kindOf } from "./file-kind";
import { combineFilter } from "./filter";
import { flatten, valueAt } from "./flatten";
import { formatAgo, formatBytes, formatDuration, formatNumber, readNumber } from "./format";

describe("numbers", () => {
  it.each([
    [0, "0"],
    [1234567, "1,234,567"],
    [0.1 + 0.2, "0.3"],
    [1e-7, "1e-7"],
    [-0.00002468, "-2.468e-5"],
    [1.5e12 + 0.5, "1.5e12"],
    [Number.NaN, "NaN"],
    [Number.NEGATIVE_INFINITY, "−∞"],
  ])("%d is shown as %s", (value, text) => {
    expect(formatNumber(value)).toBe(text);
  });

  it("come from words where JSON has none", () => {
    expect(readNumber("NaN")).toBeNaN();
    expect(readNumber("-Infinity")).toBe(Number.NEGATIVE_INFINITY);
    expect(readNumber("12")).toBeNull();
  });

  it("have units", () => {
    expect([formatBytes(999), formatBytes(1500), formatBytes(2.5e9)]).toEqual([
      "999 B",
      "1.5 kB",
      "2.5 GB",
    ]);
    expect([4.24, 65, 3600, 90061].map((seconds) => formatDuration(seconds))).toEqual([
      "4.2s",
      "1m 5s",
      "1h",
      "1d 1h",
    ]);
    expect(formatDuration(3725, "ja")).toBe("1時間 2分");
    expect(formatDuration(-1)).toBe("–");
    const now = Date.UTC(2026, 0, 2);
    expect(formatAgo(new Date(now - 7_200_000), "en", now)).toBe("2 hours ago");
    expect(formatAgo(new Date(now - 7_200_000), "ja", now)).toBe("2 時間前");
  });
});

describe("the filter that is sent", () => {
  const none = { search: "", regex: false, filter: "" };

  it("is nothing, the expression, or the search as well", () => {
    expect(combineFilter(none)).toBeNull();
    expect(combineFilter({ ...none, filter: " a = 1 or b = 2 " })).toBe("a = 1 or b = 2");
    expect(combineFilter({ search: "^r", regex: true, filter: "a = 1 or b = 2" })).toBe(
      '(display_name ~ "^r" or name ~ "^r") and (a = 1 or b = 2)',
    );
  });

  it("takes a plain search literally, whatever its case", () => {
    expect(combineFilter({ ...none, search: 'a.b"c\\' })).toBe(
      '(display_name ~ "(?i)a\\\\.b\\"c\\\\\\\\" or name ~ "(?i)a\\\\.b\\"c\\\\\\\\")',
    );
  });

  it("is completed by field names, not inside of texts", () => {
    const fields = ["config.lr", "summary.loss"];
    expect(completions("config.l", fields)).toEqual(["config.lr"]);
    expect(completions("state = 1 and (summary", fields)).toEqual(["state = 1 and (summary.loss"]);
    expect(completions('name = "summary', fields)).toEqual([]);
  });
});

describe("values", () => {
  const run = {
    state: "running",
    created_at: "2026-01-01T00:00:00Z",
    duration_s: 4,
    config: { model: { depth: 3 }, "a.b": { c: 1 } },
    summary: { "train/loss": 0.5 },
  };

  it("are found by column, also where keys contain dots", () => {
    expect(columnValue(run, "config.model.depth")).toBe(3);
    expect(columnValue(run, "config.a.b.c")).toBe(1);
    expect(columnValue(run, "summary.train/loss")).toBe(0.5);
    expect(columnValue(run, "duration")).toBe(4);
    expect(columnValue(run, "config.missing")).toBeUndefined();
    expect(valueAt({ toString: 1 }, "constructor")).toBeUndefined();
  });

  it("are flattened to paths", () => {
    expect(flatten({ a: { b: 1, c: [1, 2] }, d: {}, e: null })).toEqual([
      ["a.b", 1],
      ["a.c", [1, 2]],
      ["d", {}],
      ["e", null],
    ]);
  });

  it("go safely into spreadsheets", () => {
    expect(csvLine(["a,b", 'say "hi"', null, 3, -3, "=1+1", [1], "two\nlines"])).toBe(
      '"a,b","say ""hi""",,3,-3,\'=1+1,[1],"two\nlines"\r\n',
    );
  });
});

describe("columns", () => {
  it("without a choice leave internal values out", () => {
    expect(usualColumns(["lr", "_private"], ["_step", "loss"])).toEqual([
      "state",
      "created_at",
      "duration",
      "tags",
      "summary.loss",
      "config.lr",
    ]);
  });

  it("without a choice leave out what is a list or an object in any run", () => {
    const run = { state: "finished", created_at: "", duration_s: 1, config: {} };
    const runs = [
      { ...run, summary: { confusion: null, "a/b": 1, words: "x" } },
      { ...run, config: { betas: [0.9, 0.999], lr: 1 }, summary: { confusion: [[1]], media: {} } },
    ];
    const summary = ["a/b", "confusion", "media", "nowhere", "words"];
    expect(usualColumns(["betas", "lr"], summary, runs).slice(4)).toEqual([
      "summary.a/b",
      "summary.nowhere",
      "summary.words",
      "config.lr",
    ]);
  });

  it("without a choice are six results, with others in the place of those left out", () => {
    const summary = ["x0", "x1", "x2", "x3", "x4", "x5", "x6", "x7"];
    const runs = [
      { state: "", created_at: "", duration_s: 1, config: {}, summary: { x0: [], x2: {} } },
    ];
    expect(usualColumns([], summary, runs).slice(4)).toEqual(
      ["x1", "x3", "x4", "x5", "x6", "x7"].map((field) => `summary.${field}`),
    );
  });

  it("sort up, down, and no more; with Shift after the others", () => {
    const up = nextSort([], "a", false);
    expect(up).toEqual([{ field: "a", descending: false }]);
    const down = nextSort(up, "a", false);
    expect(down).toEqual([{ field: "a", descending: true }]);
    expect(nextSort(down, "a", false)).toEqual([]);
    const both = nextSort(down, "b", true);
    expect(both.map((sort) => sort.field)).toEqual(["a", "b"]);
    expect(nextSort(both, "a", true)).toEqual([{ field: "b", descending: false }]);
    expect(nextSort(both, "c", false)).toEqual([{ field: "c", descending: false }]);
  });
});

describe("files", () => {
  it.each([
    ["a/b.PNG", null, "image"],
    ["config.yaml", "application/octet-stream", "text"],
    ["data.json", "application/json", "json"],
    ["LICENSE", null, "text"],
    ["model.pt", "application/octet-stream", null],
  ] as const)("%s is looked at as %s → %s", (path, media_type, kind) => {
    expect(kindOf({ path, media_type })).toBe(kind);
  });
});
