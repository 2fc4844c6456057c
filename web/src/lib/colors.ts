import type { Theme } from "@/lib/theme";

/**
 * Fourteen series colours per theme that stay apart with red-green colour blindness and stand
 * out from the theme's surface (see colors.test.ts).
 */
const palettes: Record<Theme, readonly string[]> = {
  light: [
    "#3350d1",
    "#fe7802",
    "#8a0700",
    "#05ab86",
    "#da74f1",
    "#075449",
    "#93158e",
    "#876b01",
    "#dc3864",
    "#0f7b95",
    "#8d6cc2",
    "#069ce4",
    "#e680a1",
    "#0c853d",
  ],
  dark: [
    "#7b92ff",
    "#e7e80d",
    "#f25914",
    "#049863",
    "#fdcbf8",
    "#c841a5",
    "#51e6ce",
    "#eca851",
    "#ff86da",
    "#1db8ce",
    "#955be3",
    "#1a89c5",
    "#fed899",
    "#12c281",
  ],
};

/** FNV-1a; the same text has the same number in every browser. */
export function hashText(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) {
    hash ^= text.charCodeAt(index);
    hash = Math.imul(hash, 0x01000193);
  }
  return hash >>> 0;
}

export function paletteOf(theme: Theme): readonly string[] {
  return palettes[theme];
}

/** Part of white or black that sets apart two runs with the same palette colour. */
const shades: Record<Theme, readonly number[]> = {
  light: [0, -0.28, 0.2],
  dark: [0, 0.4, -0.2],
};

function shade(color: string, part: number): string {
  const target = part > 0 ? 255 : 0;
  const mixed = [1, 3, 5].map((at) => {
    const value = Number.parseInt(color.slice(at, at + 2), 16);
    const moved = Math.round(value + (target - value) * Math.abs(part));
    return moved.toString(16).padStart(2, "0");
  });
  return `#${mixed.join("")}`;
}

/**
 * The colour of a run: decided by its number alone, so that it never changes between visits, and
 * runs that were started one after the other differ.
 */
export function runColor(number: number, theme: Theme): string {
  const palette = palettes[theme];
  const color = palette[number % palette.length] ?? "#3350d1";
  return shade(color, shades[theme][Math.floor(number / palette.length) % 3] ?? 0);
}

/** Black or white, whichever is read better on the colour. */
export function inkOn(color: string): string {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
    const part = Number.parseInt(color.slice(at, at + 2), 16) / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  // At this relative luminance the contrasts with black and with white are equal (WCAG 2).
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue > 0.179 ? "#000000" : "#ffffff";
}

/** Stops of a palette whose lightness rises evenly, readable with every colour blindness. */
const stops = [
  [68, 1, 84],
  [59, 82, 139],
  [33, 145, 140],
  [94, 201, 98],
  [253, 231, 37],
] as const;

/** A colour for a number between the least (0) and the greatest (1). */
export function gradient(share: number): string {
  const at = Math.min(1, Math.max(0, share)) * (stops.length - 1);
  const index = Math.min(stops.length - 2, Math.floor(at));
  const mixed = [0, 1, 2].map((part) => {
    const low = stops[index]?.[part] ?? 0;
    const high = stops[index + 1]?.[part] ?? 0;
    return Math.round(low + (high - low) * (at - index))
      .toString(16)
      .padStart(2, "0");
  });
  return `#${mixed.join("")}`;
}
