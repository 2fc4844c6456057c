import { describe, expect, it } from "vitest";
import { inkOn, paletteOf, runColor } from "./colors";

type Triple = [number, number, number];

const linear = (part: number) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
const rgb = (hex: string): Triple =>
  [1, 3, 5].map((at) => linear(Number.parseInt(hex.slice(at, at + 2), 16) / 255)) as Triple;

/** How full colour vision, deuteranopia and protanopia mix linear light (Machado et al. 2009). */
const visions: Triple[][] = [
  [
    [1, 0, 0],
    [0, 1, 0],
    [0, 0, 1],
  ],
  [
    [0.367322, 0.860646, -0.227968],
    [0.280085, 0.672501, 0.047413],
    [-0.01182, 0.04294, 0.968881],
  ],
  [
    [0.152286, 1.052583, -0.204868],
    [0.114503, 0.786281, 0.099216],
    [-0.003882, -0.048116, 1.051998],
  ],
];

function oklab(hex: string, vision: Triple[]): Triple {
  const light = rgb(hex);
  const [r, g, b] = vision.map((row) =>
    Math.min(
      1,
      Math.max(
        0,
        row.reduce((sum, part, at) => sum + part * (light[at] ?? 0), 0),
      ),
    ),
  ) as Triple;
  const l = Math.cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b);
  const m = Math.cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b);
  const s = Math.cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b);
  return [
    0.2104542553 * l + 0.793617785 * m - 0.0040720468 * s,
    1.9779984951 * l - 2.428592205 * m + 0.4505937099 * s,
    0.0259040371 * l + 0.7827717662 * m - 0.808675766 * s,
  ];
}

const distance = (a: Triple, b: Triple) => Math.hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2]);
const luminance = (hex: string) => {
  const [r, g, b] = rgb(hex);
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};

describe.each(["light", "dark"] as const)("the %s palette", (theme) => {
  const palette = paletteOf(theme);
  const pairs = palette.flatMap((a, at) => palette.slice(at + 1).map((b) => [a, b] as const));

  it("has colours that everybody can tell apart", () => {
    for (const [at, vision] of visions.entries()) {
      const least = at === 0 ? 0.12 : 0.04;
      const near = pairs.filter(([a, b]) => distance(oklab(a, vision), oklab(b, vision)) < least);
      expect(near).toEqual([]);
    }
  });

  it("stands out from the surface", () => {
    const surface = luminance(theme === "light" ? "#ffffff" : "#141821");
    const faint = palette.filter((color) => {
      const [low = 0, high = 0] = [luminance(color), surface].sort((a, b) => a - b);
      return (high + 0.05) / (low + 0.05) < 2.4;
    });
    expect(faint).toEqual([]);
  });

  it("can be written on", () => {
    for (const color of palette) {
      const both = [luminance(color), luminance(inkOn(color))];
      const [low = 0, high = 0] = both.sort((a, b) => a - b);
      expect((high + 0.05) / (low + 0.05)).toBeGreaterThanOrEqual(4.5);
    }
  });
});

describe("the colour of a run", () => {
  const numbers = Array.from({ length: 3000 }, (_, at) => at);

  it("differs between runs that were started one after the other", () => {
    const colors = numbers.slice(1200, 1242).map((number) => runColor(number, "light"));
    expect(new Set(colors).size).toBe(42);
    for (const color of colors) expect(color).toMatch(/^#[0-9a-f]{6}$/);
  });

  it("uses the palette in three shades", () => {
    for (const theme of ["light", "dark"] as const) {
      const used = new Set(numbers.map((number) => runColor(number, theme)));
      expect(used.size).toBe(3 * paletteOf(theme).length);
      for (const color of paletteOf(theme)) expect(used).toContain(color);
    }
  });
});
