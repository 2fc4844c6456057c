import { useCallback, useEffect, useRef, useState } from "react";
import type { Layout } from "./layout";

/** Where one looks: what stands at the left upper corner, and how large. */
export interface View {
  x: number;
  y: number;
  scale: number;
}

export const MIN_SCALE = 0.03;
const MAX_SCALE = 2;
const MARGIN = 32;

const clampScale = (scale: number) => Math.min(MAX_SCALE, Math.max(MIN_SCALE, scale));

/** The view in which all of the layout is seen, no larger than life. */
export function fitted(layout: Layout, width: number, height: number): View {
  const scale = clampScale(
    Math.min(
      1,
      (width - 2 * MARGIN) / Math.max(1, layout.width),
      (height - 2 * MARGIN) / Math.max(1, layout.height),
    ),
  );
  return {
    x: (layout.width - width / scale) / 2,
    y: (layout.height - height / scale) / 2,
    scale,
  };
}

/** The view after a zoom that leaves the point under the pointer where it is. */
export function zoomed(view: View, factor: number, x: number, y: number): View {
  const scale = clampScale(view.scale * factor);
  return {
    x: view.x + x / view.scale - x / scale,
    y: view.y + y / view.scale - y / scale,
    scale,
  };
}

export interface Size {
  width: number;
  height: number;
}

/** Size of an element, anew whenever it changes. */
export function useSize(): [Size, (element: HTMLElement | null) => void] {
  const [size, setSize] = useState<Size>({ width: 0, height: 0 });
  const observer = useRef<ResizeObserver | null>(null);
  const attach = useCallback((element: HTMLElement | null) => {
    observer.current?.disconnect();
    if (!element) return;
    observer.current = new ResizeObserver(() => {
      setSize({ width: element.clientWidth, height: element.clientHeight });
    });
    observer.current.observe(element);
  }, []);
  useEffect(() => () => observer.current?.disconnect(), []);
  return [size, attach];
}
