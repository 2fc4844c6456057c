import { FONT_STACK } from "../theme";
import type { LineChartCore } from "./core";
import { lineWidth, placeMarks } from "./paint";
import { lowerBound, type Prepared } from "./prepare";
import { forward, toPixel } from "./scales";
import type { LineSeries } from "./types";

const HEAD = 34;
const ROW = 18;
const CELL = 240;
const NAME_WIDTH = CELL - 34;
const MOST_NAMES = 24;

/** The chart with title and legend as a picture, at the screen's resolution. */
export async function toPng(core: LineChartCore): Promise<Blob> {
  const scene = drawn(core);
  const { theme, frame, input } = scene;
  const source = core.canvas();
  const ratio = source.width / frame.width;
  const { cells, height: legendHeight } = legendOf(input.series, frame.width);
  const height = HEAD + frame.height + legendHeight;
  const canvas = document.createElement("canvas");
  canvas.width = Math.round(frame.width * ratio);
  canvas.height = Math.round(height * ratio);
  const context = canvas.getContext("2d");
  if (!context) throw new Error("This browser cannot draw the picture.");
  context.fillStyle = theme.surface;
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.drawImage(source, 0, Math.round(HEAD * ratio));
  context.scale(ratio, ratio);
  context.fillStyle = theme.strong;
  context.font = `600 14px ${theme.font}`;
  context.fillText(input.title, 12, 22, frame.width - 24);
  context.font = `11px ${theme.font}`;
  const measure = (text: string) => context.measureText(text).width;
  for (const { series, name, x, y } of cells) {
    const middle = HEAD + frame.height + y;
    context.fillStyle = series.color;
    context.fillRect(x, middle - 1.5, 14, 3);
    context.fillStyle = theme.strong;
    context.fillText(shorten(name, NAME_WIDTH, measure), x + 20, middle + 4);
  }
  return new Promise((resolve, reject) => {
    canvas.toBlob(
      (blob) => (blob ? resolve(blob) : reject(new Error("The picture could not be made."))),
      "image/png",
    );
  });
}

/** The drawn lines as vectors, with text as text. */
export function toSvg(core: LineChartCore): string {
  const { frame, prepared, input, theme } = drawn(core);
  const { plot } = frame;
  const out: string[] = [];
  const legend = legendOf(input.series, frame.width);
  const height = frame.height + HEAD + legend.height;
  out.push(
    `<svg xmlns="http://www.w3.org/2000/svg" width="${frame.width}" height="${height}" viewBox="0 0 ${frame.width} ${height}" font-family="${escaped(FONT_STACK)}" font-size="11">`,
    `<title>${escaped(input.title)}</title>`,
    `<rect width="100%" height="100%" fill="${theme.surface}"/>`,
    `<text x="12" y="22" font-size="14" font-weight="600" fill="${theme.strong}">${escaped(input.title)}</text>`,
    `<clipPath id="plot"><rect width="${plot.width}" height="${plot.height}"/></clipPath>`,
    `<g transform="translate(${plot.left} ${plot.top + HEAD})">`,
  );
  for (const tick of frame.yTicks) {
    const y = round(toPixel(frame.toY, tick.value));
    out.push(
      `<line x2="${plot.width}" y1="${y}" y2="${y}" stroke="${theme.grid}"/>`,
      `<text x="-8" y="${y}" dy="0.35em" text-anchor="end" fill="${theme.text}">${escaped(tick.label)}</text>`,
    );
  }
  out.push(
    `<line x2="${plot.width}" y1="${plot.height}" y2="${plot.height}" stroke="${theme.axis}"/>`,
  );
  for (const tick of frame.xTicks) {
    const x = round(toPixel(frame.toX, tick.value));
    out.push(
      `<text x="${x}" y="${plot.height + 16}" text-anchor="middle" fill="${theme.text}">${escaped(tick.label)}</text>`,
    );
  }
  out.push('<g clip-path="url(#plot)" fill="none" stroke-linejoin="round">');
  for (const each of prepared) out.push(...svgSeries(each, frame, lineWidth(prepared.length)));
  out.push("</g>");
  for (const mark of placeMarks(frame, prepared)) {
    const sign = { up: "▲", down: "▼", nan: "×" }[mark.kind];
    out.push(
      `<text x="${round(mark.x)}" y="${round(mark.y)}" dy="0.35em" text-anchor="middle" fill="${mark.color}">${sign}</text>`,
    );
  }
  if (input.view.xLabel) {
    out.push(
      `<text x="${plot.width}" y="${plot.height + 16}" text-anchor="end" fill="${theme.text}">${escaped(input.view.xLabel)}</text>`,
    );
  }
  out.push("</g>");
  for (const { series, name, x, y } of legend.cells) {
    const middle = HEAD + frame.height + y;
    out.push(
      `<path d="M${x} ${middle}h14" stroke="${series.color}" stroke-width="3"/>`,
      `<text x="${x + 20}" y="${middle + 4}" fill="${theme.strong}">${escaped(shorten(name, NAME_WIDTH, estimate))}</text>`,
    );
  }
  out.push("</svg>");
  return out.join("\n");
}

type Frame = NonNullable<ReturnType<LineChartCore["frame"]>>;

function svgSeries(each: Prepared, frame: Frame, width: number): string[] {
  const out: string[] = [];
  const { color, dash } = each.series;
  const dashes = dash?.length ? ` stroke-dasharray="${dash.join(" ")}"` : "";
  if (each.min && each.max) {
    const top = svgPoints(each, each.max, frame);
    const bottom = svgPoints(each, each.min, frame).reverse();
    const d = [...top, ...bottom].filter((point) => point !== null).join("L");
    if (d) out.push(`<path d="M${d}Z" fill="${color}" fill-opacity="0.16"/>`);
  }
  if (each.raw)
    out.push(
      `<path d="${svgPath(svgPoints(each, each.raw, frame))}" stroke="${color}" stroke-opacity="0.3"/>`,
    );
  out.push(
    `<path d="${svgPath(svgPoints(each, each.y, frame))}" stroke="${color}" stroke-width="${each.series.width ?? width}" stroke-linecap="round"${dashes}><title>${escaped(nameOf(each.series))}</title></path>`,
  );
  return out;
}

function svgPoints(each: Prepared, values: Float64Array, frame: Frame): (string | null)[] {
  const [from, to] = shownIndexes(each, frame);
  const points: (string | null)[] = [];
  for (let i = from; i < to; i++) {
    const value = values[i] as number;
    const x = (each.x[i] as number) * frame.toX.factor + frame.toX.offset;
    points.push(
      Number.isFinite(value)
        ? `${round(x)} ${round(value * frame.toY.factor + frame.toY.offset)}`
        : null,
    );
  }
  return points;
}

/** Gaps begin new pieces; a piece of one point becomes a dot by its round cap. */
function svgPath(points: (string | null)[]): string {
  let path = "";
  let isOpen = false;
  for (const point of points) {
    if (point === null) isOpen = false;
    else {
      path += isOpen ? `L${point}` : `M${point}h0`;
      isOpen = true;
    }
  }
  return path;
}

/** What the range shows, one line a point. */
export function toCsv(core: LineChartCore): string {
  const { frame, prepared } = drawn(core);
  const lines = ["series,detail,x,y,min,max,nonfinite"];
  for (const each of prepared) {
    const { series } = each;
    const [from, to] = shownIndexes(each, frame, 0);
    const name = `${csvCell(series.label)},${csvCell(series.detail ?? "")}`;
    for (let i = from; i < to; i++) {
      const rest = [series.x, series.y, series.min, series.max, series.nonfinite].map(
        (values) => values?.[i] ?? "",
      );
      lines.push(`${name},${rest.join(",")}`);
    }
  }
  return `${lines.join("\r\n")}\r\n`;
}

function shownIndexes(each: Prepared, frame: Frame, beyond = 1): [number, number] {
  const low = lowerBound(each.x, forward(frame.x.low, frame.toX.scale));
  const straightHigh = forward(frame.x.high, frame.toX.scale);
  let high = lowerBound(each.x, straightHigh);
  while (high < each.x.length && each.x[high] === straightHigh) high++;
  return [Math.max(0, low - beyond), Math.min(each.x.length, high + beyond)];
}

function drawn(core: LineChartCore) {
  core.canvas();
  const scene = core.scene();
  if (!scene) throw new Error("The chart has not been drawn yet.");
  return scene;
}

export function nameOf(series: Pick<LineSeries, "label" | "detail">): string {
  return series.detail ? `${series.label} · ${series.detail}` : series.label;
}

/** Where the names below an exported chart stand. The part that all share is left out. */
function legendOf(series: readonly LineSeries[], width: number) {
  const columns = Math.max(1, Math.floor(width / CELL));
  const same = series.every((each) => each.detail === series[0]?.detail);
  const cells = series.slice(0, MOST_NAMES).map((each, n) => ({
    series: each,
    name: same ? each.label : nameOf(each),
    x: 12 + (n % columns) * CELL,
    y: Math.floor(n / columns) * ROW + 10,
  }));
  return { cells, height: Math.ceil(cells.length / columns) * ROW + 10 };
}

/** Cuts a text to a width, by characters as people count them. */
function shorten(text: string, width: number, measure: (text: string) => number): string {
  if (measure(text) <= width) return text;
  const letters = [...text];
  while (letters.length > 0 && measure(`${letters.join("")}…`) > width) letters.pop();
  return `${letters.join("")}…`;
}

/** Width of 11-pixel text without a canvas: full-width characters take the whole size. */
function estimate(text: string): number {
  let width = 0;
  for (const letter of text) width += (letter.codePointAt(0) ?? 0) > 0x2e7f ? 11 : 6.4;
  return width;
}

/** Text that a spreadsheet would run as a formula is quoted as text. */
function csvCell(text: string): string {
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
