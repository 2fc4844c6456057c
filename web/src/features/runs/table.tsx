// biome-ignore-all lint/a11y/useSemanticElements: rows that exist only in sight, at computed places, are no table
import type { ColumnDef } from "@tanstack/react-table";
import { flexRender, getCoreRowModel, useReactTable } from "@tanstack/react-table";
import { useVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useMemo, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import type { Run } from "@/api/types";
import type { RunList } from "@/features/run-list";
import { columnValue, nextSort } from "@/lib/columns";
import type { Sort } from "@/lib/view";
import { Icon } from "@/ui/icon";
import { Skeleton } from "@/ui/states";
import { useListKeys } from "@/ui/use-shortcuts";
import { RunCell } from "./cell";
import { useColumnLabel } from "./labels";
import styles from "./runs.module.css";

const ROW = 38;
const widths: Record<string, number> = {
  display_name: 260,
  state: 130,
  created_at: 140,
  duration: 110,
  tags: 180,
  notes: 220,
};

/** Wide enough for the heading and for a number, within reason. */
const widthOf = (heading: string) => Math.min(220, Math.max(120, 46 + 7.5 * heading.length));

/** Short headings; in full where two would read the same, as `config.lr` and `summary.lr` do. */
function headingsOf(
  columns: readonly string[],
  labelOf: (column: string) => { short: string; full: string },
): Map<string, string> {
  const times = new Map<string, number>();
  for (const column of columns) {
    const { short } = labelOf(column);
    times.set(short, (times.get(short) ?? 0) + 1);
  }
  return new Map(
    columns.map((column) => {
      const { short, full } = labelOf(column);
      return [column, times.get(short) === 1 ? short : full];
    }),
  );
}

interface TableProps {
  list: RunList;
  columns: readonly string[];
  sort: readonly Sort[];
  openRun: string | null;
  onSort: (sort: Sort[]) => void;
  onOpen: (run: string) => void;
}

/** Rows as they scroll into sight; the name stays at the left. */
export function RunsTable({ list, columns, sort, openRun, onSort, onOpen }: TableProps) {
  const { t } = useTranslation();
  const labelOf = useColumnLabel();
  const scroller = useRef<HTMLDivElement>(null);
  const [at, setAt] = useState(-1);
  const headings = headingsOf(["display_name", ...columns], labelOf);
  const defs = useMemo(
    () =>
      ["display_name", ...columns].map(
        (id): ColumnDef<Run> => ({
          id,
          accessorFn: (run) => columnValue(run, id),
          size: widths[id] ?? widthOf(id.replace(/^(config|summary)\./, "")),
          minSize: 64,
          cell: (context) => <RunCell run={context.row.original} column={id} />,
        }),
      ),
    [columns],
  );
  const table = useReactTable({
    data: list.runs,
    columns: defs,
    columnResizeMode: "onChange",
    enableSorting: false,
    getCoreRowModel: getCoreRowModel(),
    getRowId: (run) => run.id,
  });
  const rows = table.getRowModel().rows;
  const virtual = useVirtualizer({
    count: rows.length + (list.hasMore ? 6 : 0),
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW,
    overscan: 12,
    scrollMargin: ROW,
  });
  const items = virtual.getVirtualItems();
  const last = items.at(-1)?.index ?? 0;
  const { hasMore, loadMore } = list;
  useEffect(() => {
    if (hasMore && last >= rows.length - 60) loadMore();
  }, [hasMore, last, rows.length, loadMore]);
  useListKeys({
    count: rows.length,
    index: at,
    onIndex: (index) => {
      setAt(index);
      virtual.scrollToIndex(index);
    },
    onOpen: (index) => {
      const row = rows[index];
      if (row) onOpen(row.id);
    },
  });

  return (
    <div className={styles.scroller} ref={scroller}>
      <div
        role="grid"
        tabIndex={-1}
        aria-rowcount={list.total}
        aria-colcount={columns.length + 1}
        aria-label={t("runs.title")}
        className={styles.grid}
        style={{ width: table.getTotalSize(), minWidth: "100%" }}
      >
        <div className={styles.head} role="row" tabIndex={-1}>
          {table.getFlatHeaders().map((header) => {
            const field = header.id;
            const order = sort.find((item) => item.field === field);
            return (
              <div
                key={field}
                role="columnheader"
                tabIndex={-1}
                aria-sort={order ? (order.descending ? "descending" : "ascending") : "none"}
                className={styles.th}
                style={{ width: header.getSize() }}
              >
                <button
                  type="button"
                  title={`${labelOf(field).full}\n${t("table.sortHint")}`}
                  onClick={(event) => onSort(nextSort(sort, field, event.shiftKey))}
                >
                  <span className="truncate">{headings.get(field)}</span>
                  {order && <Icon name={order.descending ? "arrowDown" : "arrowUp"} size={12} />}
                  {order && sort.length > 1 && <sup>{sort.indexOf(order) + 1}</sup>}
                </button>
                {/* biome-ignore lint/a11y/noStaticElementInteractions: a convenience for pointers */}
                <span
                  className={styles.resize}
                  onPointerDown={header.getResizeHandler()}
                  onTouchStart={header.getResizeHandler()}
                  onDoubleClick={() => header.column.resetSize()}
                />
              </div>
            );
          })}
        </div>
        <div style={{ height: virtual.getTotalSize(), position: "relative" }}>
          {items.map((item) => {
            const row = rows[item.index];
            return (
              // biome-ignore lint/a11y/useKeyWithClickEvents: j, k and Enter do the same
              <div
                key={item.key}
                role="row"
                tabIndex={-1}
                aria-rowindex={item.index + 2}
                className={styles.row}
                data-open={(row && row.id === openRun) || undefined}
                data-current={item.index === at || undefined}
                style={{ transform: `translateY(${item.start - ROW}px)` }}
                onClick={() => {
                  setAt(item.index);
                  if (row) onOpen(row.id);
                }}
              >
                {row ? (
                  row.getVisibleCells().map((cell) => (
                    <div
                      key={cell.id}
                      role="gridcell"
                      tabIndex={-1}
                      className={styles.td}
                      style={{ width: cell.column.getSize() }}
                    >
                      {flexRender(cell.column.columnDef.cell, cell.getContext())}
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
