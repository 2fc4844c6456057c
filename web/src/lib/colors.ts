import type { Theme } from "@/lib/theme";

/**
 * Twelve series colours per theme that stay apart with red-green colour blindness: neighbours
 * differ in lightness as well as in hue (see colors.test.ts).
 */
const palettes: Record<Theme, readonly string[]> = {
  light: [
    "#3350d1",
    "#e07a00",
    "#00866f",
    "#c2327b",
    "#4fa3e0",
    "#8a5a00",
    "#7a3fc0",
    "#93a812",
    "#0a3f73",
    "#e8684f",
    "#5b6472",
    "#b58be0",
  ],
  dark: [
    "#7b92ff",
    "#ffa63d",
    "#2fc7a8",
    "#f27bb5",
    "#8fd3ff",
    "#c99a3f",
    "#a66bf0",
    "#cfe04a",
    "#3d7fd0",
    "#ff8f77",
    "#aab3c2",
    "#e0c5ff",
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
