// biome-ignore-all lint/a11y/useSemanticElements: rows that exist only in sight, at computed places, are no table
import { useVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import type { RunGroup } from "@/api/runs";
import type { Run } from "@/api/types";
import { formatNumber } from "@/lib/format";
import type { Sort } from "@/lib/view";
import { Count } from "@/ui/chip";
import { Checkbox } from "@/ui/field";
import { Icon } from "@/ui/icon";
import { Skeleton } from "@/ui/states";
import { useListKeys, useShortcuts } from "@/ui/use-shortcuts";
import { heatOf, RunCell } from "./cell";
import type { ColumnActions } from "./column-head";
import { ColumnHead } from "./column-head";
import type { Column } from "./columns";
import { EditCell, isEditable } from "./edit";
import styles from "./runs.module.css";

/** What stands in a line of the table. */
export type Line =
  | { kind: "run"; run: Run; nested: boolean }
  | { kind: "group"; id: string; label: string; group: RunGroup; open: boolean }
  | { kind: "more"; id: string; text: string; onOpen: () => void }
  | { kind: "waiting" };

export interface TableProps {
  lines: readonly Line[];
  total: number;
  columns: readonly Column[];
  /** Fields whose sums the groups carry, in their order. */
  measures: readonly string[];
  heat: ReadonlyMap<string, [number, number]>;
  sort: readonly Sort[];
  dense: boolean;
  openRun: string | null;
  baseline: Run | null;
  canWrite: boolean;
  selected: ReadonlySet<string>;
  actions: ColumnActions;
  onSelect: (runs: readonly string[], on: boolean) => void;
  onOpen: (run: string) => void;
  onGroup: (group: string) => void;
  onEnd: () => void;
}

const HEAD = 38;

/** Rows as they scroll into sight; the name and pinned columns stay at the left. */
export function RunsTable(props: TableProps) {
  const { lines, columns, sort, selected, actions, onSelect, onOpen, onGroup, onEnd } = props;
  const { t } = useTranslation();
  const scroller = useRef<HTMLDivElement>(null);
  const grid = useRef<HTMLDivElement>(null);
  const [at, setAt] = useState(-1);
  const lastPicked = useRef(-1);
  const height = props.dense ? 30 : 38;
  const virtual = useVirtualizer({
    count: lines.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => height,
    overscan: 12,
    scrollMargin: HEAD,
  });
  // biome-ignore lint/correctness/useExhaustiveDependencies: rows change their height together
  useEffect(() => virtual.measure(), [height]);
  const items = virtual.getVirtualItems();
  const last = items.at(-1)?.index ?? 0;
  useEffect(() => {
    if (last >= lines.length - 60) onEnd();
  }, [last, lines.length, onEnd]);

  const act = (index: number) => {
    const line = lines[index];
    if (line?.kind === "run") onOpen(line.run.id);
    else if (line?.kind === "group") onGroup(line.id);
    else if (line?.kind === "more") line.onOpen();
  };
  useListKeys({
    count: lines.length,
    index: at,
    onIndex: (index) => {
      // Enter belongs to the row now, not to a heading that was clicked before.
      grid.current?.focus({ preventScroll: true });
      setAt(index);
      virtual.scrollToIndex(index);
    },
    onOpen: act,
  });
  const current = lines[at];
  const toggleCurrent = () => {
    if (current?.kind === "run") onSelect([current.run.id], !selected.has(current.run.id));
  };
  useShortcuts(props.canWrite ? { x: toggleCurrent } : {});

  /** With Shift, everything between this line and the one picked before. */
  const pick = (index: number, on: boolean, range: boolean) => {
    const from = range && lastPicked.current >= 0 ? lastPicked.current : index;
    lastPicked.current = index;
    const between = lines.slice(Math.min(from, index), Math.max(from, index) + 1);
    onSelect(
      between.flatMap((line) => (line.kind === "run" ? [line.run.id] : [])),
      on,
    );
  };
  const loaded = lines.flatMap((line) => (line.kind === "run" ? [line.run.id] : []));
  const all = loaded.length > 0 && loaded.every((run) => selected.has(run));
  const width = columns.reduce((sum, column) => sum + column.width, 0);

  return (
    <div className={styles.scroller} ref={scroller} data-dense={props.dense || undefined}>
      <div
        ref={grid}
        role="grid"
        tabIndex={-1}
        aria-rowcount={props.total}
        aria-colcount={columns.length}
        aria-label={t("runs.title")}
        className={styles.grid}
        style={{ width, minWidth: "100%" }}
      >
        <div className={styles.head} role="row" tabIndex={-1}>
          {columns.map((column) => (
            <ColumnHead
              key={column.id}
              column={column}
              columns={columns}
              sort={sort}
              actions={actions}
              start={
                column.id === "display_name" &&
                props.canWrite && (
                  <Checkbox
                    aria-label={t("table.selectAll")}
                    checked={all}
                    onChecked={(on) => onSelect(loaded, on)}
                  />
                )
              }
            />
          ))}
        </div>
        <div style={{ height: virtual.getTotalSize() - HEAD, position: "relative" }}>
          {items.map((item) => {
            const line = lines[item.index];
            const run = line?.kind === "run" ? line.run : null;
            return (
              // biome-ignore lint/a11y/useKeyWithClickEvents: j, k and Enter do the same
              <div
                key={item.key}
                role="row"
                tabIndex={-1}
                aria-rowindex={item.index + 2}
                aria-selected={run ? selected.has(run.id) : undefined}
                className={styles.row}
                data-kind={line?.kind}
                data-open={(run && run.id === props.openRun) || undefined}
                data-current={item.index === at || undefined}
                style={{ height, transform: `translateY(${item.start - HEAD}px)` }}
                onClick={() => {
                  setAt(item.index);
                  act(item.index);
                }}
              >
                {line?.kind === "group" ? (
                  <GroupCells line={line} columns={columns} measures={props.measures} />
                ) : line?.kind === "more" ? (
                  <div role="gridcell" tabIndex={-1} className={styles.more}>
                    {line.text}
                  </div>
                ) : run ? (
                  columns.map((column) => (
                    <div
                      key={column.id}
                      role="gridcell"
                      tabIndex={-1}
                      className={styles.td}
                      data-sticky={column.left !== null || undefined}
                      data-nested={(line?.kind === "run" && line.nested) || undefined}
                      style={{
                        width: column.width,
                        left: column.left ?? undefined,
                        backgroundImage: heatImage(
                          column.heat
                            ? heatOf(column.value(run), props.heat.get(column.id))
                            : undefined,
                        ),
                      }}
                    >
                      {column.id === "display_name" && props.canWrite && (
                        // biome-ignore lint/a11y/noStaticElementInteractions: keeps the row closed
                        <span
                          className={styles.pick}
                          onClick={(event) => event.stopPropagation()}
                          onKeyDown={(event) => event.stopPropagation()}
                        >
                          <Checkbox
                            aria-label={t("table.select", { name: run.display_name })}
                            checked={selected.has(run.id)}
                            onChecked={(on) => pick(item.index, on, shiftHeld)}
                          />
                        </span>
                      )}
                      <RunCell run={run} column={column} baseline={props.baseline} />
                      {props.canWrite && isEditable(column.id) && (
                        <EditCell run={run} column={column.id} />
                      )}
                    </div>
                  ))
                ) : (
                  <Skeleton width="40%" height={12} style={{ margin: 13 }} />
                )}
              </div>
            );
          })}
        </div>
      </div>
    </div>
  );
}

/** Above the row's own background, which says what is chosen and pointed at. */
const heatImage = (color: string | undefined) => color && `linear-gradient(${color}, ${color})`;

/** A change event does not say whether Shift was held. */
let shiftHeld = false;
if (typeof window !== "undefined") {
  const listen = (event: MouseEvent | KeyboardEvent) => {
    shiftHeld = event.shiftKey;
  };
  window.addEventListener("mousedown", listen, true);
  window.addEventListener("keydown", listen, true);
  window.addEventListener("keyup", listen, true);
}

function GroupCells({
  line,
  columns,
  measures,
}: {
  line: Extract<Line, { kind: "group" }>;
  columns: readonly Column[];
  measures: readonly string[];
}) {
  const { t } = useTranslation();
  return columns.map((column) => {
    const measure = line.group.measures[measures.indexOf(column.id)];
    return (
      <div
        key={column.id}
        role="gridcell"
        tabIndex={-1}
        className={styles.td}
        data-sticky={column.left !== null || undefined}
        style={{ width: column.width, left: column.left ?? undefined }}
      >
        {column.id === "display_name" ? (
          <button type="button" className={styles.groupName} aria-expanded={line.open}>
            <Icon name={line.open ? "chevronDown" : "chevronRight"} size={14} />
            <span className="truncate" title={line.label}>
              {line.label}
            </span>
            <Count>{line.group.count.toLocaleString()}</Count>
          </button>
        ) : measure && measure.mean !== null ? (
          <span
            className="truncate numeric"
            title={t("table.groupHint", {
              count: measure.count,
              low: formatNumber(measure.low ?? Number.NaN),
              high: formatNumber(measure.high ?? Number.NaN),
            })}
          >
            {formatNumber(measure.mean, 4)}
            {measure.deviation !== null && (
              <span className="muted"> ± {formatNumber(measure.deviation, 2)}</span>
            )}
          </span>
        ) : null}
      </div>
    );
  });
}
