import { expect, it } from "vitest";
import { brushFilter, fieldOf, formatDelta, formatMean, letterOf, normalised } from "./score";

const rate = { name: "scores.ok", label: "ok", type: "boolean" as const };
const latency = { name: "latency", label: "latency", type: "number" as const };

it("means and differences are read as what they are", () => {
  expect(formatMean(rate, 0.925)).toBe("92.5 %");
  expect(formatMean(latency, 0.25)).toBe("250 ms");
  expect(formatMean(rate, null)).toBe("–");
  expect(formatDelta(rate, -0.225)).toBe("−22.5 pt");
  expect(formatDelta(latency, 1.5)).toBe("+1.5 s");
  expect(formatDelta(rate, 0)).toBe("±0 pt");
});

it("metrics become fields of filters, whatever their names hold", () => {
  expect(fieldOf("scores.judge.ok")).toBe("scores.judge.ok");
  expect(fieldOf("scores.a\\.b.two words")).toBe('scores."a.b"."two words"');
  expect(letterOf(2)).toBe("C");
  expect(brushFilter([{ field: "A.latency", low: 0.00001, high: 2 }])).toBe(
    "A.latency >= 0.00001 and A.latency <= 2",
  );
});

it("radii are beside the best, which may be the lowest", () => {
  expect(normalised([2, 4, null], false)).toEqual([0.5, 1, null]);
  expect(normalised([2, 4], true)).toEqual([1, 0.5]);
});
