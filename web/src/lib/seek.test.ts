import { describe, expect, test } from "vitest";
import { type ReadSteps, seekLeft, seekRight } from "./seek";

/** A server that has items at these steps, of which some are empty rows. */
function logged(steps: number[], empty: number[] = []) {
  const asked: number[] = [];
  const rows = [...steps, ...empty].sort((a, b) => a - b);
  const read: ReadSteps<{ step: number }> = async (low, high, limit) => {
    const found = rows.filter((step) => step >= low && step <= high);
    asked.push(Math.min(found.length, limit));
    return {
      items: found
        .slice(0, limit)
        .filter((step) => !empty.includes(step))
        .map((step) => ({ step })),
      next: found[limit] ?? null,
    };
  };
  const extent = {
    count: steps.length,
    first_step: Math.min(...steps),
    last_step: Math.max(...steps),
  };
  return { read, extent, asked };
}

describe("between steps that have something", () => {
  const { read, extent } = logged([0, 3, 200, 201]);

  test.each([
    [0, 0],
    [1, 3],
    [4, 200],
    [201, 201],
  ])("from %i to the right comes %i", async (step, expected) => {
    expect(await seekRight(read, extent, step)).toEqual([{ step: expected }]);
  });

  test.each([
    [2, 0],
    [3, 3],
    [199, 3],
    [200, 200],
  ])("from %i to the left comes %i", async (step, expected) => {
    expect(await seekLeft(read, extent, step)).toEqual([{ step: expected }]);
  });
});

test("rows without media are passed over in both directions", async () => {
  const { read, extent } = logged([0, 9], [4, 5]);
  expect(await seekRight(read, extent, 1)).toEqual([{ step: 9 }]);
  expect(await seekLeft(read, extent, 8)).toEqual([{ step: 0 }]);
});

test("all items of a step come together", async () => {
  const items = [{ step: 2 }, { step: 5 }, { step: 5 }];
  const read = async (low: number) => ({ items: items.filter(({ step }) => step >= low) });
  const extent = { count: 2, first_step: 2, last_step: 5 };
  expect(await seekLeft(read, extent, 5)).toHaveLength(2);
});

test("a step to the left of many reads few of them", async () => {
  const { read, extent, asked } = logged(Array.from({ length: 10_000 }, (_, at) => at * 50));
  expect(await seekLeft(read, extent, 250_049)).toEqual([{ step: 250_000 }]);
  expect(asked.reduce((sum, count) => sum + count)).toBeLessThan(5);
});

test("a range with more than a page of steps is read to its end", async () => {
  const { read, extent } = logged([0, ...Array.from({ length: 500 }, (_, at) => 100_000 + at)]);
  expect(await seekLeft(read, extent, 100_450)).toEqual([{ step: 100_450 }]);
});

test("outside of what was logged there is nothing", async () => {
  const { read, extent } = logged([5]);
  expect(await seekLeft(read, extent, 4)).toEqual([]);
  expect(await seekRight(read, extent, 6)).toEqual([]);
});
