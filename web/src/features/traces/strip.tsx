import { useQuery } from "@tanstack/react-query";
import { useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import type { CallSearch } from "@/api/calls";
import { callTimelineQuery } from "@/api/calls";
import { formatDate } from "@/lib/format";
import { Button } from "@/ui/button";
import { formatLatency } from "./status";
import styles from "./traces.module.css";

const BARS = 80;
const HEIGHT = 44;

export interface Range {
  /** ms since 1970 */
  start: number;
  end: number;
}

/** Calls over time, errors in red; dragging across it narrows the list to that time. */
export function TimeStrip({
  entity,
  project,
  view,
  range,
  onChange,
}: {
  entity: string;
  project: string;
  view: CallSearch;
  range: Range;
  onChange: (part: Partial<CallSearch>) => void;
}) {
  const { t, i18n } = useTranslation();
  const box = useRef<HTMLDivElement>(null);
  const [brush, setBrush] = useState<[number, number] | null>(null);
  const asked = {
    start: new Date(range.start).toISOString(),
    end: new Date(range.end).toISOString(),
    buckets: BARS,
  };
  const { filter, roots } = view;
  const found = useQuery(callTimelineQuery(entity, project, { filter, roots }, asked));
  const timeline = found.data;
  const step = (range.end - range.start) / BARS;
  const most = Math.max(1, ...(timeline?.buckets.map((bucket) => bucket.calls) ?? [1]));
  const calls = timeline?.buckets.reduce((sum, bucket) => sum + bucket.calls, 0) ?? 0;
  const errors = timeline?.buckets.reduce((sum, bucket) => sum + bucket.errors, 0) ?? 0;
  const placeOf = (event: React.PointerEvent) => {
    const bounds = box.current?.getBoundingClientRect();
    if (!bounds) return 0;
    return Math.min(1, Math.max(0, (event.clientX - bounds.left) / bounds.width));
  };
  const timeOf = (place: number) =>
    new Date(range.start + place * (range.end - range.start)).toISOString();
  const finish = () => {
    if (!brush) return;
    const [low, high] = [Math.min(...brush), Math.max(...brush)];
    setBrush(null);
    if (high - low > 0.005) onChange({ since: timeOf(low), until: timeOf(high) });
  };
  const narrowed = view.since !== null || view.until !== null;
  return (
    <section className={styles.strip} aria-label={t("traces.overTime")}>
      <div
        ref={box}
        className={styles.bars}
        onPointerDown={(event) => {
          event.currentTarget.setPointerCapture(event.pointerId);
          const place = placeOf(event);
          setBrush([place, place]);
        }}
        onPointerMove={(event) => brush && setBrush([brush[0], placeOf(event)])}
        onPointerUp={finish}
        onPointerCancel={() => setBrush(null)}
      >
        <svg
          viewBox={`0 0 ${BARS} ${HEIGHT}`}
          preserveAspectRatio="none"
          role="img"
          aria-label={t("traces.stripLabel", { calls, errors })}
        >
          {timeline?.buckets.map((bucket) => {
            const start = new Date(bucket.start).getTime();
            const x = Math.round((start - range.start) / step);
            const height = (bucket.calls / most) * (HEIGHT - 2);
            const bad = (bucket.errors / most) * (HEIGHT - 2);
            return (
              <g key={bucket.start}>
                <title>
                  {`${formatDate(bucket.start, i18n.language)} · ${t("traces.total", {
                    count: bucket.calls,
                  })} · p50 ${formatLatency(bucket.p50_s)} · p95 ${formatLatency(bucket.p95_s)}`}
                </title>
                <rect x={x} y={0} width={1} height={HEIGHT} fill="transparent" />
                <rect
                  className={styles.bar}
                  x={x + 0.08}
                  y={HEIGHT - height}
                  width={0.84}
                  height={height}
                />
                {bad > 0 && (
                  <rect
                    className={styles.barBad}
                    x={x + 0.08}
                    y={HEIGHT - Math.max(1, bad)}
                    width={0.84}
                    height={Math.max(1, bad)}
                  />
                )}
              </g>
            );
          })}
        </svg>
        {brush && (
          <span
            className={styles.brush}
            style={{
              left: `${Math.min(...brush) * 100}%`,
              width: `${Math.abs(brush[1] - brush[0]) * 100}%`,
            }}
          />
        )}
      </div>
      <div className={styles.stripFoot}>
        <time dateTime={asked.start}>{formatDate(asked.start, i18n.language)}</time>
        {narrowed && (
          <Button size="s" onClick={() => onChange({ since: null, until: null })}>
            {t("traces.wholeTime")}
          </Button>
        )}
        <time dateTime={asked.end}>{formatDate(asked.end, i18n.language)}</time>
      </div>
    </section>
  );
}
