import { formatValue } from "@/lib/numbers";
import type { ChartMessages } from "../messages";
import { describeX, type XAxis } from "./axes";
import type { Hit, TooltipRows } from "./hover";
import { groupOf } from "./overlay";

const GAP = 14;

/** The box beside the cursor. It lives in the page's body, so that no panel cuts it off. */
export class Tooltip {
  private readonly box = document.createElement("div");

  constructor() {
    this.box.className = "kiseki-tooltip";
    this.box.setAttribute("aria-hidden", "true");
    this.box.hidden = true;
    document.body.append(this.box);
  }

  show(
    content: {
      x: number;
      axis: XAxis;
      xLabel: string | undefined;
      rows: TooltipRows;
      highlight: string | null;
      details: boolean;
    },
    messages: ChartMessages,
    at: { x: number; y: number },
  ): void {
    this.box.replaceChildren(...tooltipContent(content, messages));
    this.box.hidden = false;
    const { width, height } = this.box.getBoundingClientRect();
    const roomRight = window.innerWidth - at.x - GAP;
    const left = roomRight > width ? at.x + GAP : Math.max(4, at.x - GAP - width);
    const top = Math.max(4, Math.min(at.y - height / 3, window.innerHeight - height - 4));
    this.box.style.transform = `translate(${Math.round(left)}px, ${Math.round(top)}px)`;
  }

  hide(): void {
    this.box.hidden = true;
  }

  destroy(): void {
    this.box.remove();
  }
}

function tooltipContent(
  { x, axis, xLabel, rows, highlight, details }: Parameters<Tooltip["show"]>[0],
  messages: ChartMessages,
): HTMLElement[] {
  const [first, second] = describeX(x, axis);
  const head = element("div", "kiseki-tooltip-head");
  if (xLabel) head.append(element("span", "kiseki-tooltip-xlabel", xLabel), " ");
  head.append(element("span", "", first));
  if (second) head.append(element("div", "kiseki-tooltip-utc", second));
  const list = element("div", "kiseki-tooltip-rows");
  for (const hit of rows.rows)
    list.append(...tooltipRow(hit, groupOf(hit.prepared) === highlight, details, messages));
  const parts = [head, list];
  if (rows.more > 0) parts.push(element("div", "kiseki-tooltip-more", messages.more(rows.more)));
  return parts;
}

function tooltipRow(
  hit: Hit,
  isLit: boolean,
  details: boolean,
  messages: ChartMessages,
): HTMLElement[] {
  const { series } = hit.prepared;
  const lit = isLit ? " is-lit" : "";
  const swatch = element("span", "kiseki-swatch");
  swatch.style.borderTopColor = series.color;
  if (series.dash?.length) swatch.style.borderTopStyle = "dashed";
  const name = element("span", `kiseki-tooltip-name${lit}`);
  name.append(element("span", "", series.label));
  if (details && series.detail)
    name.append(element("span", "kiseki-tooltip-detail", series.detail));
  const value = element("span", `kiseki-tooltip-value${lit}`, formatValue(hit.value));
  const cells = [swatch, name, value];
  const low = series.min?.[hit.index];
  const high = series.max?.[hit.index];
  const nonfinite = series.nonfinite?.[hit.index] ?? 0;
  const notes: string[] = [];
  if (isLit && low !== undefined && high !== undefined && low < high) {
    notes.push(`${formatValue(low)} … ${formatValue(high)}`);
  }
  if (nonfinite > 0 && Number.isFinite(hit.value)) notes.push(messages.nonfinite(nonfinite));
  if (notes.length > 0) cells.push(element("span", "kiseki-tooltip-note", notes.join(" · ")));
  return cells;
}

function element(tag: string, className: string, text?: string): HTMLElement {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}
