import { expect, test } from "vitest";
import { enlargement } from "./picture";

test("tiny pictures grow by a whole number, within bounds", () => {
  expect(enlargement(28, 28)).toBe(7);
  expect(enlargement(64, 20)).toBe(3);
  expect(enlargement(4, 2)).toBe(16);
});

test("photographs are never drawn larger than they are", () => {
  expect(enlargement(65, 10)).toBe(1);
  expect(enlargement(4000, 3000)).toBe(1);
});

test("a picture without a size is left as it is", () => {
  expect(enlargement(0, 0)).toBe(1);
});
