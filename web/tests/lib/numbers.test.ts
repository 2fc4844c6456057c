import { expect, test } from "vitest";
import {
  formatShort,
  formatValue,
  linearTicks,
  logLabels,
  logTicks,
  tickLabels,
} from "@/lib/numbers";

test.each([
  [0, "0"],
  [1234567, "1,234,567"],
  [-42, "−42"],
  [0.0123456789, "0.012346"],
  [12.5, "12.5"],
  [1.5e-7, "1.5e−7"],
  [3e20, "3e20"],
  [Number.NaN, "NaN"],
  [Number.POSITIVE_INFINITY, "∞"],
  [Number.NEGATIVE_INFINITY, "−∞"],
])("%d in full is %s", (value, text) => expect(formatValue(value)).toBe(text));

test.each([
  [9999, "9,999"],
  [12345, "12.3k"],
  [4_500_000, "4.5M"],
  [-7.25e9, "−7.25G"],
  [0.00123, "0.00123"],
])("%d in short is %s", (value, text) => expect(formatShort(value)).toBe(text));

test("ticks are round and their labels share unit and decimals", () => {
  expect(linearTicks(0, 1, 5)).toEqual([0, 0.2, 0.4, 0.6, 0.8, 1]);
  expect(tickLabels([0, 0.5, 1])).toEqual(["0", "0.5", "1.0"]);
  expect(tickLabels([0, 25_000, 50_000])).toEqual(["0", "25k", "50k"]);
  expect(tickLabels([0, 2500, 5000])).toEqual(["0", "2,500", "5,000"]);
  expect(tickLabels([1.2e9, 1.4e9])).toEqual(["1.2G", "1.4G"]);
  expect(tickLabels([0, 1e-4, 2e-4, 3e-4])).toEqual(["0", "1e−4", "2e−4", "3e−4"]);
  expect(tickLabels([-0.5, 0, 0.5])).toEqual(["−0.5", "0", "0.5"]);
});

test("no tick lies outside the range, whatever its size", () => {
  for (const [low, high] of [
    [-3.7, 12.1],
    [1e-9, 4e-9],
    [123456, 123457],
    [-1e15, 1e15],
  ] as const) {
    const ticks = linearTicks(low, high, 5);
    const slack = (high - low) * 1e-6;
    expect(ticks.length).toBeGreaterThanOrEqual(3);
    expect(ticks.length).toBeLessThanOrEqual(9);
    for (const tick of ticks) {
      expect(tick).toBeGreaterThanOrEqual(low - slack);
      expect(tick).toBeLessThanOrEqual(high + slack);
    }
  }
});

test("a logarithmic axis shows decades, thinned when many and refined when few", () => {
  expect(logTicks(1, 1000, 8)).toEqual([1, 2, 5, 10, 20, 50, 100, 200, 500, 1000]);
  expect(logTicks(1e-4, 1e4, 6)).toEqual([1e-4, 1e-2, 1, 1e2, 1e4]);
  expect(logLabels([1e-4, 0.01, 1, 1e5])).toEqual(["1e−4", "0.01", "1", "100k"]);
  expect(logTicks(0, 10, 4)).toEqual([]);
});
