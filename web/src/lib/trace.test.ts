import { expect, test } from "vitest";
import { bottleneck, buildTree, type Step, visibleNodes } from "./trace";

const step = (id: string, parent: string | null, start: number, end: number | null): Step => ({
  id,
  parent,
  name: id.replace(/\d+$/, ""),
  start,
  end,
});

const shape = (steps: Step[], folded: string[] = []) =>
  visibleNodes(buildTree(steps, 1000), new Set(folded)).map(
    (node) => `${"  ".repeat(node.depth)}${node.step.id}`,
  );

test("calls stand below their parents, by start", () => {
  const steps = [
    step("b", "root", 5, 9),
    step("root", null, 0, 10),
    step("a", "root", 1, 4),
    step("a1", "a", 2, 3),
  ];
  expect(shape(steps)).toEqual(["root", "  a", "    a1", "  b"]);
  expect(shape(steps, ["a"])).toEqual(["root", "  a", "  b"]);
});

test("calls without their parent, and calls in a circle, are shown all the same", () => {
  expect(shape([step("lost", "gone", 1, 2), step("x", "y", 3, 4), step("y", "x", 5, 6)])).toEqual([
    "lost",
    "x",
    "  y",
  ]);
  expect(shape([step("own", "own", 1, 2)])).toEqual(["own"]);
});

test("own time is what is left beside calls below, which may overlap", () => {
  const tree = buildTree([
    step("root", null, 0, 100),
    step("a", "root", 10, 40),
    step("b", "root", 30, 60),
    step("late", "root", 90, 150),
  ]);
  expect(tree.roots[0]?.self).toBe(100 - 50 - 10);
  expect([tree.start, tree.end]).toEqual([0, 150]);
});

test("the bottleneck is what held the trace up, not what ran beside it", () => {
  const tree = buildTree([
    step("root", null, 0, 100),
    step("fast", "root", 5, 20),
    step("beside", "root", 20, 80),
    step("judge1", "root", 20, 95),
    step("sleep1", "judge1", 25, 90),
  ]);
  const found = bottleneck(tree);
  expect(found).toMatchObject({ name: "sleep", time: 65, calls: 1 });
  expect(found?.share).toBeCloseTo(0.65);
  const path = visibleNodes(tree, new Set()).map((node) => [node.step.id, node.critical]);
  expect(path).toEqual([
    ["root", 10],
    ["fast", 15],
    ["beside", 0],
    ["judge1", 10],
    ["sleep1", 65],
  ]);
});

test("calls of one name count together", () => {
  const tree = buildTree([
    step("root", null, 0, 100),
    step("once", "root", 0, 40),
    step("loop1", "root", 40, 70),
    step("loop2", "root", 70, 100),
  ]);
  expect(bottleneck(tree)).toMatchObject({ name: "loop", time: 60, calls: 2 });
});

test("what runs counts up to now; nothing at all is no bottleneck", () => {
  const tree = buildTree([step("root", null, 0, null)], 500);
  expect(tree.roots[0]?.total).toBe(500);
  expect(bottleneck(buildTree([step("root", null, 5, 5)]))).toBeNull();
});

test("a chain of ten thousand calls does not use up the stack", () => {
  const steps = Array.from({ length: 10_000 }, (_, index) =>
    step(`n${index}`, index === 0 ? null : `n${index - 1}`, index, 20_000 - index),
  );
  expect(visibleNodes(buildTree(steps), new Set())).toHaveLength(10_000);
});
