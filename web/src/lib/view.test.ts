import { describe, expect, it } from "vitest";
import { defaultSelection } from "./selection";
import type { ChartsView, RunsView } from "./view";
import {
  parseParams,
  readChartsView,
  readRunsView,
  replaceParams,
  stringifyParams,
  writeChartsView,
  writeRunsView,
} from "./view";

const throughAddress = (params: Record<string, string>) => parseParams(stringifyParams(params));

describe("the view in the address", () => {
  it("is empty for the usual view", () => {
    expect(writeChartsView(readChartsView({}))).toEqual({});
    expect(writeRunsView(readRunsView({}))).toEqual({});
    expect(stringifyParams({})).toBe("");
  });

  it("brings every part of a panel area back", () => {
    const view: ChartsView = {
      x: "key:train/epoch",
      smoothing: 0.85,
      logScale: true,
      ignoreOutliers: true,
      panels: "^val/.*(loss|acc)$",
      size: "l",
      zoom: { axis: "key:train/epoch", low: -1.5, high: 1e9 + 0.25 },
      full: "val/損失",
      closed: ["a,b", "-", "train"],
    };
    expect(readChartsView(throughAddress(writeChartsView(view)))).toEqual(view);
  });

  it("brings every part of a list of runs back", () => {
    const view: RunsView = {
      search: "^a&b=c",
      regex: true,
      filter: 'config.lr > 0.01 and name = "x, y"',
      sort: [
        { field: "summary.train/loss", descending: true },
        { field: "config.a,b", descending: false },
      ],
      selection: { first: 25, shown: ["r1", "r,2"], hidden: ["日本"] },
      columns: ["state", "config.lr"],
      open: "r1",
      group: { except: true, fields: ["config.seed", "config.a,b"] },
      pins: ["a,b", "c"],
      baseline: "a",
    };
    expect(readRunsView(throughAddress(writeRunsView(view)))).toEqual(view);
  });

  it("tells no columns from the usual ones", () => {
    const none = { ...readRunsView({}), columns: [] };
    expect(readRunsView(throughAddress(writeRunsView(none))).columns).toEqual([]);
    expect(readRunsView({}).columns).toBeNull();
  });

  it("keeps text that looks like a number as text", () => {
    expect(throughAddress({ q: "1e3", filter: "true" })).toEqual({ q: "1e3", filter: "true" });
  });

  it.each([
    [{ smooth: "7" }, { smoothing: 0.999 }],
    [{ smooth: "x" }, { smoothing: 0 }],
    [{ zoom: "step,5,1" }, { zoom: null }],
    [{ zoom: "step,1" }, { zoom: null }],
    [{ zoom: "step,a,b" }, { zoom: null }],
    [{ x: "key:" }, { x: "auto" }],
    [{ x: "nonsense" }, { x: "auto" }],
    [{ size: "huge" }, { size: "m" }],
  ])("reads the damaged address %j as %j", (params, expected) => {
    expect(readChartsView(params)).toMatchObject(expected);
  });

  it("does not let an address ask for more runs than can be drawn", () => {
    expect(readRunsView({ first: "1e9" }).selection.first).toBe(500);
    expect(readRunsView({ first: "-4" }).selection.first).toBe(0);
    expect(readRunsView({ first: "x" }).selection).toEqual(defaultSelection);
  });

  it("replaces the parameters of one part and keeps the others", () => {
    const next = replaceParams({ q: "a", x: "step", other: undefined }, ["q", "sort"], {
      sort: "s",
    });
    expect(next).toEqual({ x: "step", sort: "s" });
    expect(replaceParams({ columns: "a" }, ["columns"], { columns: "" })).toEqual({ columns: "" });
  });
});
