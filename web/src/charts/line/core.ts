import { formatValue } from "@/lib/numbers";
import type { Locale } from "@/lib/time";
import { type ChartMessages, chartMessages } from "../messages";
import { type SyncGroup, type SyncState, syncGroup } from "../sync";
import { type ChartTheme, readTheme, watchTheme } from "../theme";
import { describeX, type XAxis } from "./axes";
import { computeFrame, type Frame } from "./frame";
import { Gestures, type GestureTarget } from "./gestures";
import { type Hit, hitsAt, tooltipRows } from "./hover";
import { groupOf, paintOverlay } from "./overlay";
import { PlotPainter, paintAxes } from "./paint";
import { type Prepared, preparationOf, prepare, xExtent } from "./prepare";
import { backward, fromPixel, type Interval } from "./scales";
import { Tooltip } from "./tooltip";
import type { LineInteraction, LineSeries, LineView } from "./types";

export interface LineInput {
  series: readonly LineSeries[];
  view: LineView;
  interaction: LineInteraction;
  title: string;
  locale: Locale;
  timeZone: string;
}

/** Nearer than that (CSS pixels) a line lights up and the others fade. */
const LIGHT_UP = 14;
const TOOLTIP_ROWS = 12;
/** While a gesture runs, more series than that are drawn without the extra pixels of fine screens. */
const MANY = 40;

/** A line chart in a container. No framework: give it data with `update`, end it with `destroy`. */
export class LineChartCore implements GestureTarget {
  private readonly base = document.createElement("canvas");
  private readonly overlay = document.createElement("canvas");
  private readonly scratch = document.createElement("canvas");
  private readonly spoken = document.createElement("div");
  private readonly empty = document.createElement("div");
  private readonly painter = new PlotPainter();
  private readonly gestures: Gestures;
  private readonly cleanups: (() => void)[] = [];
  private tooltip: Tooltip | null = null;

  private input: LineInput;
  private prepared: Prepared[] = [];
  private preparedFor: { series: readonly LineSeries[]; how: string } | null = null;
  private current: Frame | null = null;
  private theme: ChartTheme;
  private group: SyncGroup;
  private leaveGroup: () => void = () => {};

  private zoomedTo: Interval | null = null;
  private isGesturing = false;
  private selection: readonly [number, number] | null = null;
  private pointer: { y: number | null; client: { x: number; y: number } } | null = null;
  private size = { width: 0, height: 0 };
  private isVisible = true;
  private baseIsStale = true;
  private scheduled = 0;

  constructor(
    private readonly container: HTMLElement,
    input: LineInput,
  ) {
    this.input = input;
    this.spoken.className = "kiseki-hidden";
    this.spoken.setAttribute("aria-live", "polite");
    this.empty.className = "kiseki-empty";
    container.tabIndex = 0;
    container.append(this.base, this.overlay, this.empty, this.spoken);
    this.theme = readTheme(container);
    this.group = syncGroup(input.interaction.syncKey);
    this.leaveGroup = this.group.subscribe((state) => this.synced(state));
    this.gestures = new Gestures(container, this);
    this.cleanups.push(
      watchTheme(() => {
        this.theme = readTheme(this.container);
        this.schedule(true);
      }),
      this.watchSize(),
      this.watchVisibility(),
    );
    void document.fonts?.ready.then(() => this.schedule(true));
  }

  destroy(): void {
    cancelAnimationFrame(this.scheduled);
    if (this.group.state.source === this)
      this.group.set({ x: null, highlight: null, source: null });
    this.leaveGroup();
    this.gestures.destroy();
    this.tooltip?.destroy();
    for (const cleanup of this.cleanups) cleanup();
    this.container.replaceChildren();
  }

  update(input: LineInput): void {
    const before = this.input;
    this.input = input;
    if (before.interaction.syncKey !== input.interaction.syncKey) {
      this.leaveGroup();
      this.group = syncGroup(input.interaction.syncKey);
      this.leaveGroup = this.group.subscribe((state) => this.synced(state));
    }
    const [low, high] = before.view.xRange ?? [];
    const [newLow, newHigh] = input.view.xRange ?? [];
    if (low !== newLow || high !== newHigh || before.view.xKind !== input.view.xKind) {
      this.zoomedTo = null;
    }
    this.schedule(true);
  }

  /** The frame on screen; null before the first one. */
  frame(): Frame | null {
    return this.current;
  }

  /** What is drawn, for exports. */
  scene(): {
    frame: Frame;
    prepared: readonly Prepared[];
    input: LineInput;
    theme: ChartTheme;
  } | null {
    const frame = this.current;
    return frame && { frame, prepared: this.prepared, input: this.input, theme: this.theme };
  }

  canvas(): HTMLCanvasElement {
    if (this.baseIsStale) this.drawBase();
    return this.base;
  }

  // --- gestures -----------------------------------------------------------------------------

  point(at: { x: number; y: number; client: { x: number; y: number } } | null): void {
    if (!at || !this.current) {
      this.pointer = null;
      if (this.group.state.source === this)
        this.group.set({ x: null, highlight: null, source: null });
      return;
    }
    this.pointer = { y: at.y, client: at.client };
    const x = fromPixel(this.current.toX, at.x);
    const hits = hitsAt(this.current, this.prepared, x, at.y);
    this.group.set({ x, highlight: this.nearGroup(hits), source: this });
    this.schedule(false);
  }

  select(range: readonly [number, number] | null): void {
    this.selection = range;
    this.schedule(false);
  }

  zoom(x: Interval, done: boolean): void {
    if (!(x.low < x.high) || !Number.isFinite(x.high - x.low)) return;
    this.isGesturing = !done;
    this.zoomedTo = x;
    this.schedule(true);
    if (done) this.input.interaction.onZoom?.(x);
  }

  reset(): void {
    this.zoomedTo = null;
    this.point(null);
    this.schedule(true);
    this.input.interaction.onReset?.();
  }

  pick(alt: boolean): void {
    const frame = this.current;
    const { x } = this.group.state;
    if (!frame || x === null || !this.pointer) return;
    const nearest = this.nearest(hitsAt(frame, this.prepared, x, this.pointer.y));
    if (nearest && nearest.distance <= LIGHT_UP) {
      this.input.interaction.onPick?.(nearest.prepared.series, { x, alt });
    }
  }

  step(by: number): void {
    const frame = this.current;
    const lead = this.lead();
    if (!frame || !lead || lead.x.length === 0) return;
    const inside = (i: number) => {
      const pixel = (lead.x[i] as number) * frame.toX.factor + frame.toX.offset;
      return pixel >= -0.5 && pixel <= frame.plot.width + 0.5;
    };
    let first = 0;
    while (first < lead.x.length - 1 && !inside(first)) first++;
    let last = lead.x.length - 1;
    while (last > first && !inside(last)) last--;
    const { x } = this.group.state;
    const at = x === null ? null : hitsAt(frame, [lead], x, null)[0]?.index;
    const start = by > 0 ? first - 1 : last + 1;
    const next = Math.min(last, Math.max(first, (at ?? start) + by));
    this.place(lead, next);
  }

  cycle(by: number): void {
    const frame = this.current;
    const { x } = this.group.state;
    if (!frame || x === null) {
      this.step(1);
      return;
    }
    const rows = tooltipRows(
      hitsAt(frame, this.prepared, x, null),
      "value",
      Number.MAX_SAFE_INTEGER,
    ).rows;
    const at = rows.findIndex((hit) => hit.prepared === this.lead());
    const next = rows[(at + by + rows.length) % rows.length];
    if (next) this.place(next.prepared, next.index);
  }

  /** Puts the cursor on a point by key, and says it. */
  private place(prepared: Prepared, index: number): void {
    const frame = this.current;
    if (!frame) return;
    const x = backward(prepared.x[index] as number, frame.toX.scale);
    const hit = hitsAt(frame, [prepared], x, null)[0];
    if (!hit) return;
    const box = this.container.getBoundingClientRect();
    const y = Number.isNaN(hit.y) ? frame.plot.height / 2 : hit.y;
    this.pointer = {
      y,
      client: { x: box.left + frame.plot.left + hit.x, y: box.top + frame.plot.top + y },
    };
    this.group.set({ x, highlight: groupOf(prepared), source: this });
    const { label, detail } = prepared.series;
    const name = detail ? `${label} ${detail}` : label;
    this.spoken.textContent = `${describeX(x, this.axis())[0]}: ${name} ${formatValue(hit.value)}`;
    this.schedule(false);
  }

  private lead(): Prepared | undefined {
    const { highlight } = this.group.state;
    return this.prepared.find((each) => groupOf(each) === highlight) ?? this.prepared[0];
  }

  private nearest(hits: readonly Hit[]): Hit | undefined {
    return hits.reduce<Hit | undefined>(
      (best, hit) => (!best || hit.distance < best.distance ? hit : best),
      undefined,
    );
  }

  private nearGroup(hits: readonly Hit[]): string | null {
    const nearest = this.nearest(hits);
    return nearest && nearest.distance <= LIGHT_UP ? groupOf(nearest.prepared) : null;
  }

  private synced(state: SyncState): void {
    if (state.source !== this) this.pointer = null;
    this.schedule(false);
  }

  // --- drawing ------------------------------------------------------------------------------

  private axis(): XAxis {
    const { view, locale, timeZone } = this.input;
    return { kind: view.xKind ?? "number", scale: view.xScale ?? "linear", locale, timeZone };
  }

  private schedule(base: boolean): void {
    if (base) this.baseIsStale = true;
    if (this.scheduled || !this.isVisible) return;
    this.scheduled = requestAnimationFrame(() => {
      this.scheduled = 0;
      this.draw();
    });
  }

  private draw(): void {
    if (this.size.width < 2 || this.size.height < 2) return;
    if (this.baseIsStale) this.drawBase();
    this.drawOverlay();
  }

  private prepareSeries(): void {
    const { series, view } = this.input;
    const how = preparationOf(view);
    const id = JSON.stringify(how);
    if (this.preparedFor?.series === series && this.preparedFor.how === id) return;
    const kept = this.preparedFor?.how === id && how.smoothing.kind !== "ema" ? this.prepared : [];
    const known = new Map(kept.map((each) => [each.series, each]));
    const extent = xExtent(series, how.xScale);
    const span = extent ? extent.high - extent.low : 0;
    this.prepared = series.map((each) => known.get(each) ?? prepare(each, how, span));
    this.preparedFor = { series, how: id };
  }

  private drawBase(): void {
    this.prepareSeries();
    const { width, height } = this.size;
    const context = this.base.getContext("2d");
    if (!context) return;
    context.font = `11px ${this.theme.font}`;
    const frame = computeFrame({
      width,
      height,
      series: this.input.series,
      prepared: this.prepared,
      view: this.input.view,
      zoom: this.zoomedTo,
      axis: this.axis(),
      measure: (text) => context.measureText(text).width,
    });
    this.current = frame;
    this.baseIsStale = false;
    const ratio = window.devicePixelRatio || 1;
    sizeCanvas(this.base, width, height, ratio);
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, this.base.width, this.base.height);
    const drawn = this.isGesturing && this.prepared.length > MANY ? Math.min(1, ratio) : ratio;
    const image = this.painter.paint(frame, this.prepared, this.input.view, this.theme, drawn);
    const left = Math.round(frame.plot.left * ratio);
    const top = Math.round(frame.plot.top * ratio);
    if (drawn === ratio) context.putImageData(image, left, top);
    else {
      sizeCanvas(this.scratch, image.width, image.height, 1);
      this.scratch.getContext("2d")?.putImageData(image, 0, 0);
      context.drawImage(
        this.scratch,
        left,
        top,
        frame.plot.width * ratio,
        frame.plot.height * ratio,
      );
    }
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    paintAxes(context, frame, this.prepared, this.input.view, this.theme, this.painter.dots);
    this.describe(frame);
  }

  private drawOverlay(): void {
    const frame = this.current;
    const context = this.overlay.getContext("2d");
    if (!frame || !context) return;
    const ratio = window.devicePixelRatio || 1;
    sizeCanvas(this.overlay, frame.width, frame.height, ratio);
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    const { x, highlight, source } = this.group.state;
    const inRange = x !== null && x >= frame.x.low && x <= frame.x.high;
    const hits = inRange ? hitsAt(frame, this.prepared, x, this.pointer?.y ?? null) : [];
    paintOverlay(
      context,
      frame,
      this.prepared,
      {
        x: inRange ? x : null,
        hits,
        highlight,
        selection: this.selection,
        follows: source !== this,
      },
      this.theme,
    );
    this.drawTooltip(inRange ? x : null, hits);
  }

  private drawTooltip(x: number | null, hits: readonly Hit[]): void {
    if (x === null || !this.pointer || hits.length === 0 || this.group.state.source !== this) {
      this.tooltip?.hide();
      return;
    }
    this.tooltip ??= new Tooltip();
    const { order = "nearness", limit = TOOLTIP_ROWS } = this.input.interaction.tooltip ?? {};
    const nearest = this.nearest(hits);
    const snapped = nearest ? this.snapped(nearest) : x;
    this.tooltip.show(
      {
        x: snapped,
        axis: this.axis(),
        xLabel: this.input.view.xLabel,
        rows: tooltipRows(hits, order, limit),
        highlight: this.group.state.highlight,
        details: differ(this.prepared),
      },
      this.messages(),
      this.pointer.client,
    );
  }

  /** The hit's x; whole where the axis counts in whole numbers and a bucket's middle does not. */
  private snapped({ prepared: { series }, index }: Hit): number {
    const x = series.x[index] as number;
    const counts = (value: number | undefined) => Number.isInteger(2 * (value ?? 0));
    const isCounter =
      this.axis().kind === "number" && counts(series.x[0]) && counts(series.x.at(-1));
    return isCounter ? Math.floor(x) : x;
  }

  private messages(): ChartMessages {
    return chartMessages(this.input.locale);
  }

  private describe(frame: Frame): void {
    const messages = this.messages();
    const { title } = this.input;
    this.empty.textContent =
      frame.empty && this.prepared.every((each) => each.marks.length === 0) ? messages.noData : "";
    const axis = this.axis();
    const range = (from: string, to: string) => `${from} – ${to}`;
    const summary = frame.empty
      ? messages.emptySummary(title)
      : messages.summary({
          title,
          series: this.prepared.length,
          x: range(describeX(frame.x.low, axis)[0], describeX(frame.x.high, axis)[0]),
          y: range(formatValue(frame.y.low, 4), formatValue(frame.y.high, 4)),
        });
    this.container.setAttribute("aria-label", `${summary} ${messages.keys}`);
  }

  // --- surroundings -------------------------------------------------------------------------

  private watchSize(): () => void {
    const observer = new ResizeObserver(([entry]) => {
      if (!entry) return;
      const { width, height } = entry.contentRect;
      if (width === this.size.width && height === this.size.height) return;
      this.size = { width, height };
      this.baseIsStale = true;
      // Drawn before the browser paints: a resized canvas is never seen empty.
      if (this.isVisible) this.draw();
    });
    observer.observe(this.container);
    return () => observer.disconnect();
  }

  private watchVisibility(): () => void {
    if (typeof IntersectionObserver === "undefined") return () => {};
    const observer = new IntersectionObserver(
      ([entry]) => {
        this.isVisible = entry?.isIntersecting ?? true;
        if (this.isVisible) this.schedule(false);
      },
      { rootMargin: "200px" },
    );
    observer.observe(this.container);
    return () => observer.disconnect();
  }
}

function differ(prepared: readonly Prepared[]): boolean {
  const first = prepared[0]?.series.detail;
  return prepared.some((each) => each.series.detail !== first) || prepared.length === 1;
}

/** Sets a canvas's size where it differs; setting it clears it. */
function sizeCanvas(canvas: HTMLCanvasElement, width: number, height: number, ratio: number): void {
  const w = Math.round(width * ratio);
  const h = Math.round(height * ratio);
  if (canvas.width === w && canvas.height === h) return;
  canvas.width = w;
  canvas.height = h;
  canvas.style.width = `${width}px`;
  canvas.style.height = `${height}px`;
}
