import { useRef, useState } from "react";
import styles from "./score.module.css";

export interface HistogramSeries {
  name: string;
  color: string;
  counts: readonly number[];
}

/** Counts between edges, of several things beside each other; a stretch of them can be chosen. */
export function Histogram({
  edges,
  series,
  label,
  format,
  height = 64,
  chosen = null,
  onChoose,
}: {
  edges: readonly number[];
  series: readonly HistogramSeries[];
  label: string;
  format: (value: number) => string;
  height?: number;
  chosen?: readonly [number, number] | null;
  /** Absent: nothing can be chosen. */
  onChoose?: (range: [number, number] | null) => void;
}) {
  const box = useRef<HTMLDivElement>(null);
  const [drag, setDrag] = useState<[number, number] | null>(null);
  const bins = edges.length - 1;
  const most = Math.max(1, ...series.flatMap((one) => one.counts));
  const low = edges[0] ?? 0;
  const high = edges.at(-1) ?? 1;
  const span = high - low || 1;
  const shareOf = (event: React.PointerEvent) => {
    const rect = box.current?.getBoundingClientRect();
    if (!rect) return 0;
    return Math.max(0, Math.min(1, (event.clientX - rect.left) / rect.width));
  };
  /** Whole bins: a brush chooses what one sees. */
  const ranged = ([a, b]: [number, number]): [number, number] => {
    const first = Math.min(bins - 1, Math.floor(Math.min(a, b) * bins));
    const last = Math.max(first, Math.min(bins - 1, Math.floor(Math.max(a, b) * bins)));
    return [edges[first] ?? low, edges[last + 1] ?? high];
  };
  const shown = drag ? ranged(drag) : chosen;
  const place = (value: number) => `${Math.max(0, Math.min(100, ((value - low) / span) * 100))}%`;
  return (
    <figure className={styles.histogram}>
      <div
        ref={box}
        role="img"
        aria-label={label}
        className={styles.bins}
        data-brush={onChoose ? "" : undefined}
        style={{ height }}
        onPointerDown={
          onChoose &&
          ((event) => {
            event.currentTarget.setPointerCapture(event.pointerId);
            const share = shareOf(event);
            setDrag([share, share]);
          })
        }
        onPointerMove={(event) => drag && setDrag([drag[0], shareOf(event)])}
        onPointerUp={() => {
          if (drag && onChoose) onChoose(ranged(drag));
          setDrag(null);
        }}
        onDoubleClick={() => onChoose?.(null)}
      >
        {Array.from({ length: bins }, (_, bin) => (
          <span
            // biome-ignore lint/suspicious/noArrayIndexKey: bins never move
            key={bin}
            className={styles.bin}
            title={`${format(edges[bin] ?? 0)} – ${format(edges[bin + 1] ?? 0)}: ${series
              .map((one) => one.counts[bin] ?? 0)
              .join(" / ")}`}
          >
            {series.map((one) => (
              <i
                key={one.name}
                style={{
                  height: `${((one.counts[bin] ?? 0) / most) * 100}%`,
                  background: one.color,
                }}
              />
            ))}
          </span>
        ))}
        {shown && (
          <span
            className={styles.brush}
            style={{ left: place(shown[0]), right: `calc(100% - ${place(shown[1])})` }}
          />
        )}
      </div>
      <figcaption>
        <span>{format(low)}</span>
        <span>{format(high)}</span>
      </figcaption>
    </figure>
  );
}
