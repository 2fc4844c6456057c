import { describe, expect, it } from "vitest";
import { family, waysOf } from "./graph";

const edges = [
  { source: "raw", target: "clean" },
  { source: "clean", target: "a" },
  { source: "clean", target: "b" },
  { source: "a", target: "model" },
  { source: "b", target: "other" },
];

describe("the family of a node", () => {
  it("holds ancestors and descendants, but neither siblings nor cousins", () => {
    expect([...family("a", waysOf(edges))].sort()).toEqual(["a", "clean", "model", "raw"]);
  });

  it("ends where the edges run in a circle", () => {
    const circle = [...edges, { source: "model", target: "clean" }];
    expect(family("a", waysOf(circle)).size).toBe(6);
  });
});
