import type { Theme } from "@/lib/theme";

/**
 * Sixteen series colours per theme that stay apart with red-green colour blindness and stand
 * out from the theme's surface (see colors.test.ts).
 */
const palettes: Record<Theme, readonly string[]> = {
  light: [
    "#3350d1",
    "#6fad2b",
    "#6e1c03",
    "#5aa0d0",
    "#b13065",
    "#63046c",
    "#27709c",
    "#51ac8c",
    "#a74a04",
    "#4a7ae4",
    "#0e919c",
    "#b36955",
    "#035397",
    "#950e4f",
    "#6393fd",
    "#853900",
  ],
  dark: [
    "#7b92ff",
    "#f0ec52",
    "#b85207",
    "#7ee2fb",
    "#915f96",
    "#eca47f",
    "#cd84a9",
    "#98ffc0",
    "#5c65d6",
    "#c79512",
    "#80bcff",
    "#4e986c",
    "#e79dc3",
    "#e7ad01",
    "#f0cc83",
    "#8ffaf6",
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

/** The colour of a run: decided by its id alone, so that it never changes between visits. */
export function runColor(runId: string, theme: Theme): string {
  const palette = palettes[theme];
  return palette[hashText(runId) % palette.length] ?? "#3350d1";
}
