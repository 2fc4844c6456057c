import type { Arrow } from "@/lib/graph";
import type { Layout } from "./layout";
import { NODE_SIZE } from "./types";
import type { Size, View } from "./view";

export interface Colors {
  edge: string;
  lit: string;
  run: string;
  version: string;
  surface: string;
}

export interface Scene {
  layout: Layout;
  edges: readonly Arrow[];
  /** Nodes that are drawn here, with their kind; the others are elements of the page. */
  dots: readonly { id: string; isRun: boolean }[];
  /** Nodes that stand out; null: all alike. */
  lit: ReadonlySet<string> | null;
}

const { width: W, height: H } = NODE_SIZE;

/** Colours of the theme that shows. */
export function readColors(element: Element): Colors {
  const style = getComputedStyle(element);
  const read = (name: string) => style.getPropertyValue(name).trim();
  return {
    edge: read("--border-strong"),
    lit: read("--accent"),
    run: read("--teal"),
    version: read("--accent"),
    surface: read("--surface"),
  };
}

/** Draws edges, and nodes that are too many or too small to be elements. */
export function paint(
  canvas: HTMLCanvasElement,
  scene: Scene,
  view: View,
  size: Size,
  colors: Colors,
): void {
  const ratio = window.devicePixelRatio || 1;
  const width = Math.round(size.width * ratio);
  const height = Math.round(size.height * ratio);
  if (canvas.width !== width) canvas.width = width;
  if (canvas.height !== height) canvas.height = height;
  const context = canvas.getContext("2d");
  if (!context) return;
  const k = view.scale * ratio;
  context.setTransform(1, 0, 0, 1, 0, 0);
  context.clearRect(0, 0, width, height);
  context.setTransform(k, 0, 0, k, -view.x * k, -view.y * k);
  drawEdges(context, scene, view, size, colors);
  drawDots(context, scene, view, size, colors);
}

function drawEdges(
  context: CanvasRenderingContext2D,
  { layout, edges, lit }: Scene,
  view: View,
  size: Size,
  colors: Colors,
): void {
  const right = view.x + size.width / view.scale;
  const bottom = view.y + size.height / view.scale;
  const isLit = (edge: Arrow) => (lit?.has(edge.source) && lit.has(edge.target)) ?? false;
  for (const bright of [false, true]) {
    context.beginPath();
    edges.forEach((edge, at) => {
      if (isLit(edge) !== bright) return;
      const from = layout.places.get(edge.source);
      const to = layout.places.get(edge.target);
      if (!from || !to) return;
      const points = [
        [from[0] + W, from[1] + H / 2] as const,
        ...(layout.bends[at] ?? []),
        [to[0], to[1] + H / 2] as const,
      ];
      const xs = points.map(([x]) => x);
      const ys = points.map(([, y]) => y);
      if (Math.max(...xs) < view.x || Math.min(...xs) > right) return;
      if (Math.max(...ys) < view.y || Math.min(...ys) > bottom) return;
      trace(context, points);
    });
    context.lineWidth = Math.max(bright ? 1.8 : 1.2, (bright ? 1 : 0.6) / view.scale);
    context.strokeStyle = bright ? colors.lit : colors.edge;
    context.globalAlpha = lit !== null && !bright ? 0.4 : 1;
    context.stroke();
  }
  context.globalAlpha = 1;
}

/** A line through the points that leaves and arrives level. */
function trace(
  context: CanvasRenderingContext2D,
  points: readonly (readonly [number, number])[],
): void {
  points.forEach(([x, y], at) => {
    const before = points[at - 1];
    if (!before) context.moveTo(x, y);
    else {
      const middle = (before[0] + x) / 2;
      context.bezierCurveTo(middle, before[1], middle, y, x, y);
    }
  });
}

function drawDots(
  context: CanvasRenderingContext2D,
  { layout, dots, lit }: Scene,
  view: View,
  size: Size,
  colors: Colors,
): void {
  const right = view.x + size.width / view.scale;
  const bottom = view.y + size.height / view.scale;
  for (const { id, isRun } of dots) {
    const place = layout.places.get(id);
    if (!place) continue;
    const [x, y] = place;
    if (x + W < view.x || x > right || y + H < view.y || y > bottom) continue;
    context.globalAlpha = lit === null || lit.has(id) ? 1 : 0.25;
    context.fillStyle = isRun ? colors.run : colors.version;
    context.beginPath();
    context.roundRect(x, y, W, H, isRun ? H / 2 : 8);
    context.fill();
  }
  context.globalAlpha = 1;
}
