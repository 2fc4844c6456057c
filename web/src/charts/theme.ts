/** Colours and fonts of charts, read from CSS custom properties where the chart is mounted. */
export interface ChartTheme {
  /** Axis labels. */
  text: string;
  /** Titles and emphasised numbers. */
  strong: string;
  grid: string;
  axis: string;
  crosshair: string;
  /** What the chart lies on; opaque. */
  surface: string;
  selection: string;
  warning: string;
  font: string;
  dark: boolean;
}

export type Rgb = readonly [red: number, green: number, blue: number];

const LIGHT = {
  text: "#5b6472",
  strong: "#1b2430",
  grid: "#e9ecf0",
  axis: "#c6ccd4",
  crosshair: "#6b7482",
  surface: "#ffffff",
  selection: "rgb(37 99 235 / 0.14)",
  warning: "#b45309",
};

const DARK = {
  text: "#9aa4b2",
  strong: "#e8ecf2",
  grid: "#262d37",
  axis: "#414b59",
  crosshair: "#8b95a4",
  surface: "#151a21",
  selection: "rgb(96 165 250 / 0.2)",
  warning: "#f5b04c",
};

/** Names Japanese faces, so that exported pictures do not fall back to Chinese glyph shapes. */
export const FONT_STACK =
  'system-ui, -apple-system, "Segoe UI", "Hiragino Sans", "Noto Sans JP", "Noto Sans CJK JP", "Yu Gothic UI", Meiryo, sans-serif';

export function readTheme(element: Element): ChartTheme {
  const style = getComputedStyle(element);
  const token = (name: string) => style.getPropertyValue(name).trim();
  const surface = token("--chart-surface") || token("--surface");
  const dark = surface ? luminance(toRgb(surface)) < 0.4 : style.colorScheme.includes("dark");
  const fallback = dark ? DARK : LIGHT;
  return {
    text: token("--chart-text") || fallback.text,
    strong: token("--text") || fallback.strong,
    grid: token("--chart-grid") || fallback.grid,
    axis: token("--chart-axis") || fallback.axis,
    crosshair: token("--chart-cursor") || fallback.crosshair,
    surface: surface || fallback.surface,
    selection: token("--chart-selection") || fallback.selection,
    warning: token("--warning") || fallback.warning,
    font: token("--font") || FONT_STACK,
    dark,
  };
}

/** Calls back when a change of theme may have changed the tokens. */
export function watchTheme(callback: () => void): () => void {
  const observer = new MutationObserver(callback);
  observer.observe(document.documentElement, {
    attributes: true,
    attributeFilter: ["class", "style", "data-theme"],
  });
  const scheme = window.matchMedia?.("(prefers-color-scheme: dark)");
  scheme?.addEventListener("change", callback);
  return () => {
    observer.disconnect();
    scheme?.removeEventListener("change", callback);
  };
}

const parsed = new Map<string, Rgb>();
let probe: CanvasRenderingContext2D | null = null;

/** Any CSS colour as 8-bit channels; what the browser does not know is mid grey. */
export function toRgb(color: string): Rgb {
  const known = parsed.get(color);
  if (known) return known;
  const rgb = hexToRgb(color) ?? paintedRgb(color);
  parsed.set(color, rgb);
  return rgb;
}

function hexToRgb(color: string): Rgb | null {
  const match = /^#([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2})$/i.exec(color);
  if (!match) return null;
  return [1, 2, 3].map((n) => Number.parseInt(match[n] as string, 16)) as unknown as Rgb;
}

function paintedRgb(color: string): Rgb {
  if (!probe) {
    const canvas = document.createElement("canvas");
    canvas.width = canvas.height = 1;
    probe = canvas.getContext("2d", { willReadFrequently: true });
  }
  if (!probe) return [128, 128, 128];
  probe.fillStyle = "#808080";
  probe.fillStyle = color;
  probe.fillRect(0, 0, 1, 1);
  const { data } = probe.getImageData(0, 0, 1, 1);
  return [data[0] as number, data[1] as number, data[2] as number];
}

function luminance([red, green, blue]: Rgb): number {
  return (0.2126 * red + 0.7152 * green + 0.0722 * blue) / 255;
}
