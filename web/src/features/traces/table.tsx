// biome-ignore-all lint/a11y/useSemanticElements: rows that exist only in sight, at computed places, are no table
import { Link, useNavigate } from "@tanstack/react-router";
import { useVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import type { CallRow } from "@/api/types";
import { Moment } from "@/features/moment";
import { formatValue } from "@/lib/format";
import { formatCost } from "@/lib/score";
import { Tag } from "@/ui/chip";
import { Checkbox } from "@/ui/field";
import { Icon } from "@/ui/icon";
import { Skeleton } from "@/ui/states";
import { useListKeys } from "@/ui/use-shortcuts";
import { CallStatus, formatLatency, tokensOf } from "./status";
import styles from "./traces.module.css";

const ROW = 40;

interface Column {
  id:
    | "name"
    | "started"
    | "latency"
    | "tokens"
    | "cost"
    | "inputs"
    | "output"
    | "feedback"
    | "user";
  /** What the server sorts by. */
  field: string | null;
  numeric?: boolean;
}

const columns: readonly Column[] = [
  { id: "name", field: "name" },
  { id: "inputs", field: null },
  { id: "output", field: null },
  { id: "feedback", field: null },
  { id: "latency", field: "latency", numeric: true },
  { id: "tokens", field: null, numeric: true },
  { id: "cost", field: null, numeric: true },
  { id: "started", field: "started_at" },
  { id: "user", field: "user" },
];

/** Calls, a page after the other as one scrolls. */
export function CallTable({
  entity,
  project,
  calls,
  hasMore,
  loadMore,
  sort,
  onSort,
  selected,
  onSelect,
}: {
  entity: string;
  project: string;
  calls: readonly CallRow[];
  hasMore: boolean;
  loadMore: () => void;
  sort: string;
  onSort: (sort: string) => void;
  /** Chosen calls; without it none can be chosen. */
  selected?: ReadonlySet<string>;
  onSelect?: (call: CallRow, on: boolean) => void;
}) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const scroller = useRef<HTMLDivElement>(null);
  const [at, setAt] = useState(-1);
  const virtual = useVirtualizer({
    count: calls.length + (hasMore ? 6 : 0),
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW,
    overscan: 12,
    scrollMargin: ROW,
  });
  const items = virtual.getVirtualItems();
  const last = items.at(-1)?.index ?? 0;
  useEffect(() => {
    if (hasMore && last >= calls.length - 30) loadMore();
  }, [hasMore, last, calls.length, loadMore]);
  const open = (call: CallRow) =>
    navigate({
      to: "/$entity/$project/traces/$trace",
      params: { entity, project, trace: call.trace_id },
      search: { call: call.id },
    });
  useListKeys({
    count: calls.length,
    index: at,
    onIndex: (index) => {
      setAt(index);
      virtual.scrollToIndex(index);
    },
    onOpen: (index) => {
      const call = calls[index];
      if (call) open(call);
    },
  });
  const shown = sort === "" ? "-started_at" : sort;
  const next = (field: string) => (shown === `-${field}` ? field : `-${field}`);
  return (
    <div className={styles.scroller} ref={scroller}>
      <div
        role="grid"
        tabIndex={-1}
        className={styles.grid}
        data-checks={selected ? "" : undefined}
        aria-label={t("traces.title")}
      >
        <div role="row" tabIndex={-1} className={styles.head}>
          {selected && <div role="columnheader" tabIndex={-1} className={styles.check} />}
          {columns.map(({ id, field, numeric }) => (
            <div
              key={id}
              role="columnheader"
              tabIndex={-1}
              className={styles.th}
              data-column={id}
              data-numeric={numeric || undefined}
              aria-sort={
                shown === field ? "ascending" : shown === `-${field}` ? "descending" : "none"
              }
            >
              {field === null ? (
                t(`traces.column.${id}`)
              ) : (
                <button type="button" onClick={() => onSort(next(field))}>
                  {t(`traces.column.${id}`)}
                  {shown.replace("-", "") === field && (
                    <Icon name={shown.startsWith("-") ? "arrowDown" : "arrowUp"} size={12} />
                  )}
                </button>
              )}
            </div>
          ))}
        </div>
        <div style={{ height: virtual.getTotalSize() - ROW, position: "relative" }}>
          {items.map((item) => {
            const call = calls[item.index];
            return (
              // biome-ignore lint/a11y/useKeyWithClickEvents: j, k and Enter do the same
              <div
                key={item.key}
                role="row"
                tabIndex={-1}
                className={styles.row}
                data-current={item.index === at || undefined}
                style={{ transform: `translateY(${item.start - ROW}px)` }}
                onClick={(event) => {
                  if ((event.target as Element).closest("label, input")) return;
                  setAt(item.index);
                  if (call) open(call);
                }}
              >
                {selected && (
                  <div role="gridcell" tabIndex={-1} className={styles.check}>
                    {call && (
                      <Checkbox
                        checked={selected.has(call.id)}
                        onChecked={(on) => onSelect?.(call, on)}
                        onClick={(event) => event.stopPropagation()}
                        aria-label={t("objects.selectCall", { name: call.name })}
                      />
                    )}
                  </div>
                )}
                {call ? (
                  <Cells entity={entity} project={project} call={call} />
                ) : (
                  <Skeleton width="40%" height={12} style={{ margin: 14 }} />
                )}
              </div>
            );
          })}
        </div>
      </div>
    </div>
  );
}

function Cells({ entity, project, call }: { entity: string; project: string; call: CallRow }) {
  const { t } = useTranslation();
  const tokens = tokensOf(call);
  return (
    <>
      <div role="gridcell" tabIndex={-1} className={styles.td} data-column="name">
        <CallStatus call={call} />
        <Link
          to="/$entity/$project/traces/$trace"
          params={{ entity, project, trace: call.trace_id }}
          search={{ call: call.id }}
          className={styles.name}
          onClick={(event) => event.stopPropagation()}
        >
          {call.name}
        </Link>
      </div>
      <div role="gridcell" tabIndex={-1} className={styles.td} data-column="inputs">
        <code className="truncate">{call.inputs_preview}</code>
      </div>
      <div role="gridcell" tabIndex={-1} className={styles.td} data-column="output">
        <code className="truncate" data-bad={call.exception !== null || undefined}>
          {call.exception ?? call.output_preview}
        </code>
      </div>
      <div role="gridcell" tabIndex={-1} className={styles.td} data-column="feedback">
        <Said call={call} />
      </div>
      <div role="gridcell" tabIndex={-1} className={styles.td} data-column="latency" data-numeric>
        {formatLatency(call.latency_s)}
      </div>
      <div role="gridcell" tabIndex={-1} className={styles.td} data-column="tokens" data-numeric>
        {tokens > 0 ? t("traces.tokens", { count: tokens }) : "–"}
      </div>
      <div role="gridcell" tabIndex={-1} className={styles.td} data-column="cost" data-numeric>
        {call.cost === null ? "–" : formatCost(call.cost)}
      </div>
      <div role="gridcell" tabIndex={-1} className={styles.td} data-column="started">
        <Moment at={call.started_at} />
      </div>
      <div role="gridcell" tabIndex={-1} className={styles.td} data-column="user">
        <span className="truncate">{call.user ?? "–"}</span>
      </div>
    </>
  );
}

/** Reactions, notes and values of forms and scorers, as far as there is room. */
function Said({ call }: { call: CallRow }) {
  const { t } = useTranslation();
  const { feedback } = call;
  if (!feedback) return null;
  return (
    <>
      {feedback.reactions.map(({ emoji, count }) => (
        <span key={emoji} className="numeric">
          {emoji}
          {count > 1 && count}
        </span>
      ))}
      {feedback.notes > 0 && (
        <span className={styles.notes} title={feedback.last_note ?? undefined}>
          <Icon name="chat" size={12} />
          {feedback.notes}
          <span className="visually-hidden">{t("feedback.notes")}</span>
        </span>
      )}
      {Object.entries(feedback.values).map(([name, value]) => (
        <Tag key={name}>{`${name}: ${formatValue(value)}`}</Tag>
      ))}
    </>
  );
}
