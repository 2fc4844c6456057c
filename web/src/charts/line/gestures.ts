import type { Frame } from "./frame";
import { fromPixel, type Interval, project, shifted, zoomed } from "./scales";

/** What gestures ask of the chart. Pixels are CSS pixels of the plot. */
export interface GestureTarget {
  frame(): Frame | null;
  /** Moves the cursor; null hides it. `client` is where the tooltip goes. */
  point(at: { x: number; y: number; client: { x: number; y: number } } | null): void;
  select(range: readonly [number, number] | null): void;
  /** Shows a range at once; `done` when the gesture is over. */
  zoom(x: Interval, done: boolean): void;
  reset(): void;
  pick(alt: boolean): void;
  /** Moves the cursor by points; ±Infinity to an end. */
  step(by: number): void;
  /** Moves to the next line up or down. */
  cycle(by: number): void;
}

const CLICK = 4;
const SETTLE_MS = 180;
const WHEEL_SPEED = 0.0022;
const KEY_ZOOM = 1.5;
const DOUBLE_TAP_MS = 300;

interface Pointer {
  x: number;
  y: number;
}

type Drag =
  | { kind: "select"; from: number }
  | { kind: "pan"; from: number; start: Interval }
  | { kind: "scrub"; from: number }
  | { kind: "pinch"; start: Interval; spread: number; centre: number };

/** Turns pointer, wheel and key events on `element` into calls of the target. */
export class Gestures {
  private readonly abort = new AbortController();
  private readonly pointers = new Map<number, Pointer>();
  private drag: Drag | null = null;
  private moved = 0;
  private settle: ReturnType<typeof setTimeout> | undefined;
  private lastTap = 0;

  constructor(
    private readonly element: HTMLElement,
    private readonly target: GestureTarget,
  ) {
    const options = { signal: this.abort.signal };
    const on = <K extends keyof HTMLElementEventMap>(
      name: K,
      handler: (event: HTMLElementEventMap[K]) => void,
    ) => element.addEventListener(name, handler, options);
    on("pointerdown", (event) => this.down(event));
    on("pointermove", (event) => this.move(event));
    on("pointerup", (event) => this.up(event));
    on("pointercancel", (event) => this.cancel(event));
    on("pointerleave", (event) => {
      if (event.pointerType === "mouse" && !this.drag) target.point(null);
    });
    on("dblclick", () => target.reset());
    on("keydown", (event) => this.key(event));
    on("blur", () => target.point(null));
    element.addEventListener("wheel", (event) => this.wheel(event), { ...options, passive: false });
  }

  destroy(): void {
    this.abort.abort();
    clearTimeout(this.settle);
  }

  private place(event: MouseEvent): { x: number; y: number; inside: boolean } {
    const frame = this.target.frame();
    const box = this.element.getBoundingClientRect();
    const x = event.clientX - box.left - (frame?.plot.left ?? 0);
    const y = event.clientY - box.top - (frame?.plot.top ?? 0);
    const inside =
      frame !== null && x >= 0 && x <= frame.plot.width && y >= 0 && y <= frame.plot.height + 24;
    return { x, y, inside };
  }

  private down(event: PointerEvent): void {
    const frame = this.target.frame();
    if (!frame || event.button > 0) return;
    const { x, y } = this.place(event);
    this.pointers.set(event.pointerId, { x, y });
    this.element.setPointerCapture?.(event.pointerId);
    this.moved = this.pointers.size > 1 ? CLICK + 1 : 0;
    if (this.pointers.size === 2) {
      const [a, b] = [...this.pointers.values()] as [Pointer, Pointer];
      this.target.select(null);
      this.target.point(null);
      this.drag = {
        kind: "pinch",
        start: frame.x,
        spread: Math.max(10, Math.hypot(a.x - b.x, a.y - b.y)),
        centre: (a.x + b.x) / 2,
      };
    } else if (event.pointerType === "touch") {
      this.drag = { kind: "scrub", from: x };
      this.show(event);
    } else if (event.shiftKey) {
      this.drag = { kind: "pan", from: x, start: frame.x };
      this.element.classList.add("is-panning");
    } else {
      this.drag = { kind: "select", from: x };
    }
  }

  private move(event: PointerEvent): void {
    const frame = this.target.frame();
    if (!frame) return;
    const { x, y, inside } = this.place(event);
    const known = this.pointers.get(event.pointerId);
    if (known) {
      this.moved = Math.max(this.moved, Math.abs(x - known.x));
      if (this.drag?.kind === "pinch") this.pointers.set(event.pointerId, { x, y });
    }
    const drag = this.drag;
    if (!drag) {
      if (inside) this.show(event);
      else this.target.point(null);
      return;
    }
    const width = frame.plot.width;
    switch (drag.kind) {
      case "select":
        this.show(event);
        if (this.moved > CLICK)
          this.target.select([clamp(drag.from, 0, width), clamp(x, 0, width)]);
        break;
      case "scrub":
        this.show(event);
        break;
      case "pan":
        this.target.zoom(shifted(drag.start, frame.toX.scale, (drag.from - x) / width), false);
        break;
      case "pinch":
        this.pinch(drag, frame);
    }
  }

  private pinch(drag: Extract<Drag, { kind: "pinch" }>, frame: Frame): void {
    const [a, b] = [...this.pointers.values()];
    if (!a || !b) return;
    const by = Math.max(10, Math.hypot(a.x - b.x, a.y - b.y)) / drag.spread;
    const width = frame.plot.width;
    const { scale } = frame.toX;
    // Fingers keep the data under them: zoom around where they began, then follow their centre.
    const start = project(drag.start, scale, 0, width);
    const near = zoomed(drag.start, scale, fromPixel(start, drag.centre), by);
    this.target.zoom(shifted(near, scale, (drag.centre - (a.x + b.x) / 2) / width), false);
  }

  private up(event: PointerEvent): void {
    const frame = this.target.frame();
    const drag = this.drag;
    this.pointers.delete(event.pointerId);
    if (drag?.kind === "pinch" && this.pointers.size > 0) return;
    this.drag = null;
    this.element.classList.remove("is-panning");
    if (!frame || !drag) return;
    const { x } = this.place(event);
    if (drag.kind === "pan" || drag.kind === "pinch") {
      this.target.zoom(frame.x, true);
      return;
    }
    this.target.select(null);
    if (drag.kind === "select" && this.moved > CLICK) {
      const [a, b] = [clamp(drag.from, 0, frame.plot.width), clamp(x, 0, frame.plot.width)];
      if (Math.abs(a - b) < CLICK) return;
      const low = fromPixel(frame.toX, Math.min(a, b));
      const high = fromPixel(frame.toX, Math.max(a, b));
      this.target.zoom({ low, high }, true);
      return;
    }
    if (drag.kind === "scrub" && this.moved <= CLICK) {
      const now = event.timeStamp;
      if (now - this.lastTap < DOUBLE_TAP_MS) this.target.reset();
      this.lastTap = now;
      return;
    }
    if (this.moved <= CLICK) this.target.pick(event.altKey);
  }

  private cancel(event: PointerEvent): void {
    this.pointers.delete(event.pointerId);
    this.drag = null;
    this.element.classList.remove("is-panning");
    this.target.select(null);
    this.target.point(null);
  }

  private show(event: PointerEvent): void {
    const { x, y } = this.place(event);
    const client = { x: event.clientX, y: event.clientY };
    const width = this.target.frame()?.plot.width ?? 0;
    this.target.point({ x: clamp(x, 0, width), y, client });
  }

  private wheel(event: WheelEvent): void {
    const frame = this.target.frame();
    if (!frame || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    const { x } = this.place(event);
    const lines = event.deltaMode === 1 ? 16 : 1;
    const by = Math.exp(-event.deltaY * lines * WHEEL_SPEED);
    this.target.zoom(zoomed(frame.x, frame.toX.scale, fromPixel(frame.toX, x), by), false);
    this.settleSoon();
  }

  private settleSoon(): void {
    clearTimeout(this.settle);
    this.settle = setTimeout(() => {
      const frame = this.target.frame();
      if (frame) this.target.zoom(frame.x, true);
    }, SETTLE_MS);
  }

  private key(event: KeyboardEvent): void {
    const frame = this.target.frame();
    if (!frame || event.ctrlKey || event.metaKey || event.altKey) return;
    const far = event.shiftKey ? 10 : 1;
    const middle = fromPixel(frame.toX, frame.plot.width / 2);
    const actions: Record<string, () => void> = {
      ArrowLeft: () => this.target.step(-far),
      ArrowRight: () => this.target.step(far),
      Home: () => this.target.step(Number.NEGATIVE_INFINITY),
      End: () => this.target.step(Number.POSITIVE_INFINITY),
      ArrowUp: () => this.target.cycle(-1),
      ArrowDown: () => this.target.cycle(1),
      "+": () => this.keyZoom(zoomed(frame.x, frame.toX.scale, middle, KEY_ZOOM)),
      "=": () => this.keyZoom(zoomed(frame.x, frame.toX.scale, middle, KEY_ZOOM)),
      "-": () => this.keyZoom(zoomed(frame.x, frame.toX.scale, middle, 1 / KEY_ZOOM)),
      Escape: () => this.target.reset(),
    };
    const action = actions[event.key];
    if (!action) return;
    event.preventDefault();
    event.stopPropagation();
    action();
  }

  private keyZoom(x: Interval): void {
    this.target.zoom(x, false);
    this.settleSoon();
  }
}

function clamp(value: number, low: number, high: number): number {
  return Math.min(high, Math.max(low, value));
}
