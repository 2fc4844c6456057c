import { useEffect, useLayoutEffect, useMemo, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { useStateLabel } from "@/features/runs/state";
import type { Ways } from "@/lib/graph";
import { family } from "@/lib/graph";
import { IconButton } from "@/ui/button";
import { StateGlyph } from "@/ui/chip";
import { Icon } from "@/ui/icon";
import { useTheme } from "@/ui/use-theme";
import type { Layout } from "./layout";
import styles from "./lineage.module.css";
import { paint, readColors } from "./paint";
import type { GraphData, Item } from "./types";
import { NODE_SIZE } from "./types";
import type { View } from "./view";
import { fitted, useSize, zoomed } from "./view";

/** More nodes than these, or smaller ones, are painted instead of being elements. */
const MAX_ELEMENTS = 160;
const MIN_READABLE = 0.42;
/** Pixels that a pointer moves before a click is a drag. */
const SLACK = 4;

export interface GraphProps {
  data: GraphData;
  layout: Layout;
  ways: Ways;
  start: string;
  selected: string | null;
  /** Found by the search; null: nothing is searched. */
  found: ReadonlySet<string> | null;
  /** Node to bring into the middle, anew whenever the object changes. */
  focus: { id: string } | null;
  onSelect: (id: string | null) => void;
  onOpen: (item: Item) => void;
}

/** Runs and artifacts from left to right, to pan, zoom and walk through. */
export function LineageGraphView(props: GraphProps) {
  const { data, layout, ways, start, selected, found, focus, onSelect, onOpen } = props;
  const { t } = useTranslation();
  const theme = useTheme();
  const [size, attach] = useSize();
  const box = useRef<HTMLDivElement | null>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const [view, setView] = useState<View | null>(null);
  const drag = useDrag(setView, () => onSelect(null));
  const ready = size.width > 0;

  // Another graph is shown whole; while it changes a little, one stays where one is.
  const shownStart = useRef<string | null>(null);
  useLayoutEffect(() => {
    if (!ready || shownStart.current === start) return;
    shownStart.current = start;
    setView(opening(layout, start, size.width, size.height));
  }, [ready, start, layout, size]);

  const focused = useRef<GraphProps["focus"]>(null);
  useEffect(() => {
    const place = focus && layout.places.get(focus.id);
    if (!ready || !place || focused.current === focus) return;
    focused.current = focus;
    setView((old) => centred(place, Math.max(0.8, old?.scale ?? 1), size.width, size.height));
  }, [focus, layout, ready, size]);

  const lit = useMemo(
    () => (selected !== null ? family(selected, ways) : found),
    [selected, ways, found],
  );
  const inSight = useMemo(() => {
    if (!view) return [];
    const right = view.x + size.width / view.scale;
    const bottom = view.y + size.height / view.scale;
    return data.items.filter(({ id }) => {
      const place = layout.places.get(id);
      if (!place) return false;
      const [x, y] = place;
      const { width, height } = NODE_SIZE;
      return x + width > view.x && x < right && y + height > view.y && y < bottom;
    });
  }, [view, size, data.items, layout]);
  const readable = view !== null && view.scale >= MIN_READABLE && inSight.length <= MAX_ELEMENTS;
  // The selected node is an element at any size: it has the focus of the keyboard.
  const elements = readable ? inSight : inSight.filter(({ id }) => id === selected);
  const dots = useMemo(
    () =>
      readable
        ? []
        : data.items.map(({ id, node, cluster }) => ({
            id,
            isRun: (node ?? cluster).kind === "run",
          })),
    [readable, data.items],
  );

  useEffect(() => {
    if (!view || !canvas.current || !box.current) return;
    void theme; // other colours with another theme
    const colors = readColors(box.current);
    const scene = { layout, edges: data.edges, dots, lit };
    const frame = requestAnimationFrame(() => {
      if (canvas.current) paint(canvas.current, scene, view, size, colors);
    });
    return () => cancelAnimationFrame(frame);
  }, [view, size, layout, data.edges, dots, lit, theme]);

  useEffect(() => {
    const element = box.current;
    if (!element) return;
    // React's own handler is passive: the page would scroll too.
    const wheel = (event: WheelEvent) => {
      event.preventDefault();
      const { left, top } = element.getBoundingClientRect();
      const factor = Math.exp(-event.deltaY * (event.ctrlKey ? 0.01 : 0.0015));
      setView((old) => old && zoomed(old, factor, event.clientX - left, event.clientY - top));
    };
    element.addEventListener("wheel", wheel, { passive: false });
    return () => element.removeEventListener("wheel", wheel);
  }, []);

  const zoom = (factor: number) =>
    setView((old) => old && zoomed(old, factor, size.width / 2, size.height / 2));
  const showAll = () => setView(fitted(layout, size.width, size.height));
  const walk = (id: string | undefined) => {
    const place = id === undefined ? undefined : layout.places.get(id);
    if (id === undefined || !place) return;
    onSelect(id);
    setView((old) => old && revealed(old, place, size.width, size.height));
  };
  const press = (event: React.KeyboardEvent) => {
    const at = selected ?? start;
    const item = data.items.find(({ id }) => id === selected);
    if (event.key === "+" || event.key === "=") zoom(1.3);
    else if (event.key === "-") zoom(1 / 1.3);
    else if (event.key === "0") showAll();
    else if (event.key.startsWith("Arrow") && selected === null) walk(start);
    else if (event.key === "ArrowRight") walk(nearest(at, ways.after.get(at), layout));
    else if (event.key === "ArrowLeft") walk(nearest(at, ways.before.get(at), layout));
    else if (event.key === "ArrowDown") walk(beside(at, 1, layout));
    else if (event.key === "ArrowUp") walk(beside(at, -1, layout));
    else if (event.key === "Enter" && item) onOpen(item);
    else if (event.key === "Escape" && selected !== null) onSelect(null);
    else return;
    event.preventDefault();
  };
  const pick = (event: React.MouseEvent) => {
    if (!view || readable || !box.current) return;
    const { left, top } = box.current.getBoundingClientRect();
    const x = view.x + (event.clientX - left) / view.scale;
    const y = view.y + (event.clientY - top) / view.scale;
    const hit = inSight.find(({ id }) => {
      const [px, py] = layout.places.get(id) ?? [0, 0];
      return x >= px && x <= px + NODE_SIZE.width && y >= py && y <= py + NODE_SIZE.height;
    });
    if (hit) onSelect(hit.id);
  };

  return (
    <div className={styles.stage}>
      <div
        ref={(element) => {
          box.current = element;
          attach(element);
        }}
        className={styles.graph}
        role="application"
        // biome-ignore lint/a11y/noNoninteractiveTabindex: one walks through the graph by keys
        tabIndex={0}
        aria-label={t("lineage.graph")}
        aria-activedescendant={selected ? elementId(selected) : undefined}
        data-readable={readable || undefined}
        onKeyDown={press}
        onClick={pick}
        {...drag}
      >
        <canvas ref={canvas} className={styles.canvas} />
        {view && (
          <div
            className={styles.nodes}
            style={{
              transform: `scale(${view.scale}) translate(${-view.x}px, ${-view.y}px)`,
            }}
          >
            {elements.map((item) => (
              <NodeFace
                key={item.id}
                item={item}
                place={layout.places.get(item.id) ?? [0, 0]}
                isStart={item.id === start}
                isSelected={item.id === selected}
                isDim={lit !== null && !lit.has(item.id)}
                onSelect={() => onSelect(item.id)}
                onOpen={() => onOpen(item)}
              />
            ))}
          </div>
        )}
      </div>
      <div className={styles.zoom}>
        <IconButton icon="plus" size="s" label={t("lineage.zoomIn")} onClick={() => zoom(1.4)} />
        <IconButton
          icon="minus"
          size="s"
          label={t("lineage.zoomOut")}
          onClick={() => zoom(1 / 1.4)}
        />
        <IconButton icon="expand" size="s" label={t("lineage.fit")} hint="0" onClick={showAll} />
      </div>
    </div>
  );
}

const elementId = (id: string) => `lineage-${id.replace(/[^\w-]/g, "_")}`;

/** Everything, unless it would be too small to read: then the start in the middle. */
function opening(layout: Layout, start: string, width: number, height: number): View {
  const whole = fitted(layout, width, height);
  const place = layout.places.get(start);
  if (whole.scale >= MIN_READABLE || !place) return whole;
  return centred(place, 0.8, width, height);
}

function centred(
  [x, y]: readonly [number, number],
  scale: number,
  width: number,
  height: number,
): View {
  return {
    x: x + NODE_SIZE.width / 2 - width / scale / 2,
    y: y + NODE_SIZE.height / 2 - height / scale / 2,
    scale,
  };
}

/** Moves as little as it takes for a node to be in sight. */
function revealed(
  view: View,
  [x, y]: readonly [number, number],
  width: number,
  height: number,
): View {
  const margin = 24 / view.scale;
  const right = view.x + width / view.scale;
  const bottom = view.y + height / view.scale;
  const dx = Math.min(0, x - margin - view.x) + Math.max(0, x + NODE_SIZE.width + margin - right);
  const dy = Math.min(0, y - margin - view.y) + Math.max(0, y + NODE_SIZE.height + margin - bottom);
  return { ...view, x: view.x + dx, y: view.y + dy };
}

/** The neighbour that lies most nearly on the same height. */
function nearest(
  at: string,
  neighbours: readonly string[] | undefined,
  layout: Layout,
): string | undefined {
  const height = layout.places.get(at)?.[1] ?? 0;
  const far = (id: string) => Math.abs((layout.places.get(id)?.[1] ?? 0) - height);
  return neighbours?.toSorted((a, b) => far(a) - far(b))[0];
}

/** The next node above or below in the same column. */
function beside(at: string, way: 1 | -1, layout: Layout): string | undefined {
  const [x, y] = layout.places.get(at) ?? [0, 0];
  let best: string | undefined;
  let distance = Number.POSITIVE_INFINITY;
  for (const [id, place] of layout.places) {
    const away = (place[1] - y) * way;
    if (Math.abs(place[0] - x) < 2 && away > 0 && away < distance) {
      best = id;
      distance = away;
    }
  }
  return best;
}

/** Dragging moves the view; a click beside the nodes is told apart from it. */
function useDrag(
  setView: (change: (old: View | null) => View | null) => void,
  onClear: () => void,
) {
  const pointers = useRef(new Map<number, { x: number; y: number }>());
  const moved = useRef(0);
  const onPointerDown = (event: React.PointerEvent) => {
    pointers.current.set(event.pointerId, { x: event.clientX, y: event.clientY });
    moved.current = 0;
  };
  const onPointerMove = (event: React.PointerEvent) => {
    const before = pointers.current.get(event.pointerId);
    if (!before) return;
    const dx = event.clientX - before.x;
    const dy = event.clientY - before.y;
    moved.current += Math.abs(dx) + Math.abs(dy);
    if (moved.current > SLACK) event.currentTarget.setPointerCapture(event.pointerId);
    const others = [...pointers.current].filter(([id]) => id !== event.pointerId);
    const other = others[0]?.[1];
    pointers.current.set(event.pointerId, { x: event.clientX, y: event.clientY });
    if (!other) {
      setView((old) => old && { ...old, x: old.x - dx / old.scale, y: old.y - dy / old.scale });
      return;
    }
    // Two fingers: what lies between them stays there.
    const apart = (p: { x: number; y: number }) => Math.hypot(p.x - other.x, p.y - other.y);
    const factor = apart({ x: event.clientX, y: event.clientY }) / Math.max(1, apart(before));
    const { left, top } = event.currentTarget.getBoundingClientRect();
    setView((old) => old && zoomed(old, factor, other.x - left, other.y - top));
  };
  const onPointerUp = (event: React.PointerEvent) => {
    pointers.current.delete(event.pointerId);
    const isBeside = event.target instanceof Element && !event.target.closest("button");
    if (moved.current <= SLACK && isBeside) onClear();
  };
  return { onPointerDown, onPointerMove, onPointerUp, onPointerCancel: onPointerUp };
}

function NodeFace({
  item,
  place: [x, y],
  isStart,
  isSelected,
  isDim,
  onSelect,
  onOpen,
}: {
  item: Item;
  place: readonly [number, number];
  isStart: boolean;
  isSelected: boolean;
  isDim: boolean;
  onSelect: () => void;
  onOpen: () => void;
}) {
  const label = useStateLabel();
  const { node, cluster } = item;
  const { kind } = node ?? cluster;
  const hidden = node !== null && node.name === null;
  return (
    <button
      type="button"
      id={elementId(item.id)}
      tabIndex={-1}
      className={styles.node}
      data-kind={kind}
      data-cluster={cluster ? "" : undefined}
      data-start={isStart || undefined}
      data-dim={isDim || undefined}
      aria-pressed={isSelected}
      style={{ left: x, top: y, ...NODE_SIZE }}
      onClick={(event) => {
        event.stopPropagation();
        if (cluster) onOpen();
        else onSelect();
      }}
      onDoubleClick={onOpen}
    >
      {kind === "run" && node?.state ? (
        <StateGlyph state={node.state} label={label(node.state)} />
      ) : (
        <Icon
          name={hidden ? "lock" : cluster ? "projects" : kind === "link" ? "link" : "box"}
          size={15}
        />
      )}
      <span className={styles.words}>
        <span className="truncate">{item.title}</span>
        {item.subtitle && <small className="truncate">{item.subtitle}</small>}
      </span>
    </button>
  );
}
