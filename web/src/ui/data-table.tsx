// biome-ignore-all lint/a11y/useSemanticElements: rows that exist only in sight, at computed places, are no table
import { useVirtualizer } from "@tanstack/react-virtual";
import type { ReactNode } from "react";
import { useEffect, useRef, useState } from "react";
import styles from "./data-table.module.css";
import { Icon } from "./icon";
import { Skeleton } from "./states";
import { useNarrow } from "./use-media";
import { useListKeys } from "./use-shortcuts";

const ROW = 40;

export interface DataColumn<R> {
  id: string;
  label: string;
  width: number;
  /** Takes what room is left. */
  grow?: boolean;
  numeric?: boolean;
  /** Its heading orders the rows. */
  sortable?: boolean;
  cell: (row: R) => ReactNode;
}

export interface DataTableProps<R> {
  /** Spoken name. */
  label: string;
  rows: readonly R[];
  /** How many there are, also beyond those that were read. */
  total?: number;
  columns: readonly DataColumn<R>[];
  rowId: (row: R) => string;
  onOpen: (row: R) => void;
  /** `name` or `-name`. */
  sort?: string;
  onSort?: (sort: string) => void;
  sortHint?: string;
  /** A box in front of each row. */
  check?: (row: R) => ReactNode;
  hasMore?: boolean;
  loadMore?: () => void;
}

/** Rows as they scroll into sight; the first column stays at the left. */
export function DataTable<R>(props: DataTableProps<R>) {
  const { label, rows, columns, rowId, onOpen, check, hasMore = false, loadMore } = props;
  const scroller = useRef<HTMLDivElement>(null);
  const [at, setAt] = useState(-1);
  const virtual = useVirtualizer({
    count: rows.length + (hasMore ? 4 : 0),
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW,
    overscan: 10,
    scrollMargin: ROW,
  });
  const items = virtual.getVirtualItems();
  const last = items.at(-1)?.index ?? 0;
  useEffect(() => {
    if (hasMore && loadMore && last >= rows.length - 40) loadMore();
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
      if (row) onOpen(row);
    },
  });

  // The column that stays leaves room for the others on a phone.
  const narrow = useNarrow();
  const widthOf = ({ width }: DataColumn<R>, at: number) =>
    narrow && at === 0 ? Math.min(width, 150) : width;
  const tracks = columns.map((column, at) => {
    const width = `${widthOf(column, at)}px`;
    return column.grow ? `minmax(${width}, 1fr)` : width;
  });
  const width = columns.reduce((sum, column, at) => sum + widthOf(column, at), check ? 36 : 0);
  const style = {
    "--columns": [...(check ? ["36px"] : []), ...tracks].join(" "),
    minWidth: width,
  } as React.CSSProperties;
  return (
    <div className={styles.scroller} ref={scroller}>
      <div
        role="grid"
        tabIndex={-1}
        aria-rowcount={(props.total ?? rows.length) + 1}
        aria-label={label}
        className={styles.grid}
        style={style}
      >
        <div className={styles.head} role="row" tabIndex={-1}>
          {check && <div role="columnheader" tabIndex={-1} className={styles.check} />}
          {columns.map((column) => (
            <Heading key={column.id} column={column} {...props} />
          ))}
        </div>
        <div style={{ height: virtual.getTotalSize(), position: "relative" }}>
          {items.map((item) => {
            const row = rows[item.index];
            return (
              // biome-ignore lint/a11y/useKeyWithClickEvents: j, k and Enter do the same, and the first cell has a link
              <div
                key={row ? rowId(row) : item.key}
                role="row"
                tabIndex={-1}
                aria-rowindex={item.index + 2}
                className={styles.row}
                data-current={item.index === at || undefined}
                style={{ transform: `translateY(${item.start - ROW}px)` }}
                onClick={(event) => {
                  // A link, button or box in the row does what it says.
                  if ((event.target as Element).closest("a, button, label, input")) return;
                  setAt(item.index);
                  if (row) onOpen(row);
                }}
              >
                {row ? (
                  <>
                    {check && (
                      <div role="gridcell" tabIndex={-1} className={styles.check}>
                        {check(row)}
                      </div>
                    )}
                    {columns.map((column) => (
                      <div
                        key={column.id}
                        role="gridcell"
                        tabIndex={-1}
                        className={styles.cell}
                        data-numeric={column.numeric || undefined}
                      >
                        {column.cell(row)}
                      </div>
                    ))}
                  </>
                ) : (
                  <div role="gridcell" tabIndex={-1} className={styles.cell}>
                    <Skeleton width="60%" height={12} />
                  </div>
                )}
              </div>
            );
          })}
        </div>
      </div>
    </div>
  );
}

function Heading<R>({
  column,
  sort = "",
  onSort,
  sortHint,
}: { column: DataColumn<R> } & DataTableProps<R>) {
  const descending = sort === `-${column.id}`;
  const sorted = descending || sort === column.id;
  return (
    <div
      role="columnheader"
      tabIndex={-1}
      className={styles.cell}
      data-numeric={column.numeric || undefined}
      aria-sort={sorted ? (descending ? "descending" : "ascending") : undefined}
    >
      {column.sortable && onSort ? (
        <button
          type="button"
          title={sortHint}
          onClick={() => onSort(sorted && !descending ? `-${column.id}` : column.id)}
        >
          <span className="truncate">{column.label}</span>
          {sorted && <Icon name={descending ? "arrowDown" : "arrowUp"} size={12} />}
        </button>
      ) : (
        <span className="truncate" title={column.label}>
          {column.label}
        </span>
      )}
    </div>
  );
}
