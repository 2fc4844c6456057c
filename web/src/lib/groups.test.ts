import { describe, expect, it } from "vitest";
import { groupRuns } from "./groups";

const run = (id: string, config: Record<string, unknown>) => ({
  id,
  config,
  summary: {},
  state: "finished",
  created_at: "",
  duration_s: null,
});
const runs = [
  run("a", { lr: 0.1, seed: 1, model: { kind: "cnn" }, same: 3 }),
  run("b", { lr: 0.1, seed: 2, model: { kind: "cnn" }, same: 3 }),
  run("c", { lr: 0.5, seed: 1, model: { kind: "cnn" }, same: 3 }),
  run("d", { lr: 0.5, seed: 1, same: 3 }),
];
const labels = (except: boolean, ...fields: string[]) =>
  [...groupRuns(runs, { except, fields })].map(([id, group]) => [id, group.label]);

describe("groups of runs", () => {
  it("are equal in the fields", () => {
    expect(labels(false, "config.lr")).toEqual([
      ["a", "lr: 0.1"],
      ["b", "lr: 0.1"],
      ["c", "lr: 0.5"],
      ["d", "lr: 0.5"],
    ]);
    expect(labels(false)).toEqual([]);
  });

  it("are equal in everything but the seed, and named by what differs", () => {
    expect(labels(true, "config.seed")).toEqual([
      ["a", "lr: 0.1 · model.kind: cnn"],
      ["b", "lr: 0.1 · model.kind: cnn"],
      ["c", "lr: 0.5 · model.kind: cnn"],
      ["d", "lr: 0.5 · model.kind: –"],
    ]);
  });
});
