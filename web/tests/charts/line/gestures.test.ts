import { beforeEach, expect, type Mock, test, vi } from "vitest";
import type { Frame } from "@/charts/line/frame";
import { Gestures, type GestureTarget } from "@/charts/line/gestures";
import { type Interval, project } from "@/charts/line/scales";

/** A plot of 200 pixels over x = 0 … 100, its corner at (50, 10). */
function frameOf(x: Interval): Frame {
  return {
    width: 260,
    height: 140,
    plot: { left: 50, top: 10, width: 200, height: 100 },
    x,
    y: { low: 0, high: 1 },
    toX: project(x, "linear", 0, 200),
    toY: project({ low: 0, high: 1 }, "linear", 100, 0),
    xTicks: [],
    yTicks: [],
    empty: false,
  };
}

let element: HTMLElement;
let shown: Interval;
let target: { [K in keyof GestureTarget]: Mock<GestureTarget[K]> };

beforeEach(() => {
  element = document.createElement("div");
  document.body.replaceChildren(element);
  shown = { low: 0, high: 100 };
  target = {
    frame: vi.fn(() => frameOf(shown)),
    point: vi.fn<GestureTarget["point"]>(),
    select: vi.fn<GestureTarget["select"]>(),
    zoom: vi.fn((x: Interval) => {
      shown = x;
    }),
    reset: vi.fn<GestureTarget["reset"]>(),
    pick: vi.fn<GestureTarget["pick"]>(),
    step: vi.fn<GestureTarget["step"]>(),
    cycle: vi.fn<GestureTarget["cycle"]>(),
  };
  new Gestures(element, target);
});

/** jsdom has no pointer events; these have what gestures read. `x` in pixels of the plot. */
function pointer(
  type: string,
  x: number,
  more: MouseEventInit & { pointerId?: number; pointerType?: string } = {},
) {
  const { pointerId = 1, pointerType = "mouse", ...mouse } = more;
  const event = new MouseEvent(type, { clientX: 50 + x, clientY: 60, bubbles: true, ...mouse });
  element.dispatchEvent(Object.assign(event, { pointerId, pointerType }));
}

test("dragging marks a range and zooms into it, in either direction", () => {
  pointer("pointerdown", 150);
  pointer("pointermove", 80);
  expect(target.select).toHaveBeenLastCalledWith([150, 80]);
  pointer("pointerup", 50);
  expect(target.select).toHaveBeenLastCalledWith(null);
  expect(target.zoom).toHaveBeenCalledExactlyOnceWith({ low: 25, high: 75 }, true);
  expect(target.pick).not.toHaveBeenCalled();
});

test("a drag beyond the plot ends at its edge", () => {
  pointer("pointerdown", 100);
  pointer("pointermove", 900);
  pointer("pointerup", 900);
  expect(target.zoom).toHaveBeenCalledExactlyOnceWith({ low: 50, high: 100 }, true);
});

test("a press without a drag picks the line under it", () => {
  pointer("pointerdown", 100);
  pointer("pointermove", 102);
  pointer("pointerup", 102, { altKey: true });
  expect(target.pick).toHaveBeenCalledExactlyOnceWith(true);
  expect(target.zoom).not.toHaveBeenCalled();
});

test("dragging with shift pans", () => {
  pointer("pointerdown", 100, { shiftKey: true });
  pointer("pointermove", 60);
  expect(target.zoom).toHaveBeenLastCalledWith({ low: 20, high: 120 }, false);
  pointer("pointerup", 60);
  expect(target.zoom).toHaveBeenLastCalledWith({ low: 20, high: 120 }, true);
});

test("the wheel zooms around the pointer with ctrl, and scrolls the page without", () => {
  vi.useFakeTimers();
  const wheel = (ctrlKey: boolean) => {
    const event = new WheelEvent("wheel", {
      clientX: 100,
      clientY: 60,
      deltaY: -300,
      ctrlKey,
      cancelable: true,
    });
    element.dispatchEvent(event);
    return event.defaultPrevented;
  };
  expect(wheel(false)).toBe(false);
  expect(target.zoom).not.toHaveBeenCalled();
  expect(wheel(true)).toBe(true);
  expect(shown.high - shown.low).toBeLessThan(60);
  // A quarter of the plot lies left of the pointer, before and after.
  expect((25 - shown.low) / (shown.high - shown.low)).toBeCloseTo(0.25);
  expect(target.zoom).toHaveBeenLastCalledWith(shown, false);
  vi.advanceTimersByTime(200);
  expect(target.zoom).toHaveBeenLastCalledWith(shown, true);
  vi.useRealTimers();
});

test("two fingers zoom and move; what lies under them stays under them", () => {
  const touch = { pointerType: "touch" };
  pointer("pointerdown", 80, { ...touch, pointerId: 1 });
  pointer("pointerdown", 120, { ...touch, pointerId: 2 });
  pointer("pointermove", 60, { ...touch, pointerId: 1 });
  pointer("pointermove", 140, { ...touch, pointerId: 2 });
  expect(shown.low).toBeCloseTo(25);
  expect(shown.high).toBeCloseTo(75);
  pointer("pointerup", 140, { ...touch, pointerId: 2 });
  pointer("pointerup", 60, { ...touch, pointerId: 1 });
  expect(target.zoom).toHaveBeenLastCalledWith(shown, true);
});

test("one finger moves the cursor and never zooms; a double tap resets", () => {
  const touch = { pointerType: "touch" };
  pointer("pointerdown", 20, touch);
  pointer("pointermove", 90, touch);
  pointer("pointerup", 90, touch);
  expect(target.point).toHaveBeenLastCalledWith(expect.objectContaining({ x: 90 }));
  expect(target.zoom).not.toHaveBeenCalled();
  for (let tap = 0; tap < 2; tap++) {
    pointer("pointerdown", 90, touch);
    pointer("pointerup", 90, touch);
  }
  expect(target.reset).toHaveBeenCalledTimes(1);
});

test("keys move the cursor, change the line, zoom and reset", () => {
  const press = (key: string, more: KeyboardEventInit = {}) =>
    element.dispatchEvent(new KeyboardEvent("keydown", { key, cancelable: true, ...more }));
  press("ArrowRight");
  press("ArrowLeft", { shiftKey: true });
  press("End");
  expect(target.step.mock.calls).toEqual([[1], [-10], [Number.POSITIVE_INFINITY]]);
  press("ArrowDown");
  expect(target.cycle).toHaveBeenCalledExactlyOnceWith(1);
  press("+");
  expect(shown.high - shown.low).toBeCloseTo(100 / 1.5);
  press("Escape");
  expect(target.reset).toHaveBeenCalledTimes(1);
  // The browser keeps its own shortcuts.
  expect(press("+", { ctrlKey: true })).toBe(true);
});

test("leaving the plot hides the cursor, a double click resets", () => {
  pointer("pointermove", 100);
  expect(target.point).toHaveBeenLastCalledWith(expect.objectContaining({ x: 100, y: 50 }));
  pointer("pointermove", 100, { clientY: 500 });
  expect(target.point).toHaveBeenLastCalledWith(null);
  element.dispatchEvent(new MouseEvent("dblclick"));
  expect(target.reset).toHaveBeenCalledTimes(1);
});
