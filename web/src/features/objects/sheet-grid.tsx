// biome-ignore-all lint/a11y/useSemanticElements: cells that exist only in sight, at computed places, are no table
import { useVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import type { ObjectHome } from "@/api/objects";
import { parseDelimited } from "@/lib/delimited";
import type { SheetEdits, SheetRow } from "@/lib/sheet";
import { readCell } from "@/lib/sheet";
import { IconButton } from "@/ui/button";
import { Skeleton } from "@/ui/states";
import { CellValue, cellText, mediaOf } from "./cell";
import styles from "./sheet.module.css";

const ROW = 36;
const TALL = 64;
const GUTTER = 64;
const PASTED = 50_000;

interface Place {
  row: number;
  column: number;
}

interface Cell {
  place: number;
  column: string;
  value: unknown;
}

export interface SheetGridProps {
  home: ObjectHome;
  label: string;
  columns: readonly string[];
  /** Rows of the stored table; added ones come behind. */
  total: number;
  edits: SheetEdits;
  row: (place: number) => SheetRow | undefined;
  stored: (index: number) => SheetRow | undefined;
  readOnly: boolean;
  onSee: (first: number, last: number) => void;
  onWrite: (cells: Cell[]) => void;
  onRemove: (place: number) => void;
}

/** Cells as they scroll into sight: arrows move, Enter or a letter edits, text is pasted as a block. */
export function SheetGrid(props: SheetGridProps) {
  const { columns, total, edits, row, onSee, onWrite, readOnly } = props;
  const { t } = useTranslation();
  const scroller = useRef<HTMLDivElement>(null);
  const [at, setAt] = useState<Place>({ row: 0, column: 0 });
  const [editing, setEditing] = useState<string | null>(null);
  const count = total + edits.added.length;
  const hasMedia = columns.some((column) => mediaOf(row(0)?.[column]) !== null);
  const height = hasMedia ? TALL : ROW;
  const virtual = useVirtualizer({
    count,
    getScrollElement: () => scroller.current,
    estimateSize: () => height,
    overscan: 12,
    scrollMargin: ROW,
    scrollPaddingStart: ROW,
  });
  const across = useVirtualizer({
    horizontal: true,
    count: columns.length,
    getScrollElement: () => scroller.current,
    estimateSize: (index) => widthOf(columns[index] ?? "", row),
    overscan: 3,
    scrollMargin: GUTTER,
    scrollPaddingStart: GUTTER,
  });
  const items = virtual.getVirtualItems();
  const first = items[0]?.index ?? 0;
  const last = items.at(-1)?.index ?? 0;
  // biome-ignore lint/correctness/useExhaustiveDependencies: what is in sight decides
  useEffect(() => onSee(first, last), [first, last]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: pictures make all rows taller
  useEffect(() => virtual.measure(), [height]);
  // An added row is there to be written in.
  const added = useRef(edits.added.length);
  useEffect(() => {
    const more = edits.added.length - added.current;
    added.current = edits.added.length;
    if (more !== 1) return;
    const place = total + edits.added.length - 1;
    setAt({ row: place, column: 0 });
    virtual.scrollToIndex(place);
    scroller.current?.focus();
  }, [edits.added.length, total, virtual]);

  const move = (down: number, right: number) => {
    const next = {
      row: Math.max(0, Math.min(count - 1, at.row + down)),
      column: Math.max(0, Math.min(columns.length - 1, at.column + right)),
    };
    setAt(next);
    virtual.scrollToIndex(next.row);
    across.scrollToIndex(next.column);
  };
  const valueAt = (place: Place) => row(place.row)?.[columns[place.column] ?? ""];
  const sample = (column: string) => {
    for (let place = 0; place < Math.min(count, 50); place++) {
      const value = row(place)?.[column];
      if (value !== undefined && value !== null) return value;
    }
    return undefined;
  };
  const readIn = (text: string, place: Place) => {
    const column = columns[place.column] ?? "";
    return readCell(text, valueAt(place) ?? sample(column));
  };
  const commit = (text: string, down = 0, right = 0) => {
    const column = columns[at.column];
    setEditing(null);
    scroller.current?.focus();
    if (column !== undefined && text !== cellText(valueAt(at))) {
      onWrite([{ place: at.row, column, value: readIn(text, at) }]);
    }
    move(down, right);
  };
  const canEdit = !readOnly && columns.length > 0 && !edits.removed.includes(at.row);
  const begin = (text?: string) => {
    if (canEdit && row(at.row) !== undefined && !mediaOf(valueAt(at))) {
      setEditing(text ?? cellText(valueAt(at)));
    }
  };
  const clear = () => {
    const column = columns[at.column];
    if (canEdit && column !== undefined) onWrite([{ place: at.row, column, value: undefined }]);
  };
  const press = (event: React.KeyboardEvent) => {
    if (editing !== null || event.nativeEvent.isComposing) return;
    const plain = !event.ctrlKey && !event.metaKey && !event.altKey;
    const page = Math.max(1, Math.floor((scroller.current?.clientHeight ?? 0) / height) - 2);
    const step = steps(page, columns.length)[event.key];
    if (plain && step) move(...step);
    else if (plain && (event.key === "Enter" || event.key === "F2")) begin();
    else if (plain && (event.key === "Delete" || event.key === "Backspace")) clear();
    else if (plain && event.key.length === 1 && canEdit) begin(event.key);
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  const paste = (event: React.ClipboardEvent) => {
    if (editing !== null || !canEdit) return;
    const text = event.clipboardData.getData("text/plain");
    if (text === "") return;
    event.preventDefault();
    const cells: Cell[] = [];
    parseDelimited(text.replace(/\n$/, ""), "\t", PASTED).forEach((line, down) => {
      line.forEach((cell, right) => {
        const column = columns[at.column + right];
        const place = { row: at.row + down, column: at.column + right };
        if (column !== undefined) {
          cells.push({ place: place.row, column, value: readIn(cell, place) });
        }
      });
    });
    onWrite(cells);
  };
  const copy = (event: React.ClipboardEvent) => {
    if (editing !== null) return;
    event.clipboardData.setData("text/plain", cellText(valueAt(at)));
    event.preventDefault();
  };
  const width = GUTTER + across.getTotalSize();
  return (
    <div
      className={styles.scroller}
      ref={scroller}
      role="grid"
      tabIndex={0}
      aria-label={props.label}
      aria-rowcount={count + 1}
      aria-colcount={columns.length + 1}
      aria-activedescendant={count > 0 ? `cell-${at.row}-${at.column}` : undefined}
      onKeyDown={press}
      onPaste={paste}
      onCopy={copy}
    >
      <div className={styles.head} role="row" tabIndex={-1} style={{ width }}>
        <div role="columnheader" tabIndex={-1} className={styles.corner}>
          <span className="visually-hidden">{t("objects.row")}</span>
        </div>
        {across.getVirtualItems().map((item) => (
          <div
            key={item.key}
            role="columnheader"
            tabIndex={-1}
            aria-colindex={item.index + 2}
            className={styles.th}
            style={{ left: item.start, width: item.size }}
            title={columns[item.index]}
          >
            <span className="truncate">{columns[item.index]}</span>
          </div>
        ))}
      </div>
      <div style={{ height: virtual.getTotalSize(), width, position: "relative" }}>
        {items.map((item) => {
          const value = row(item.index);
          const isRemoved = edits.removed.includes(item.index);
          const mark = isRemoved
            ? "removed"
            : item.index >= total
              ? "added"
              : edits.replaced[item.index]
                ? "changed"
                : undefined;
          return (
            <div
              key={item.key}
              role="row"
              tabIndex={-1}
              aria-rowindex={item.index + 2}
              className={styles.row}
              data-mark={mark}
              style={{
                transform: `translateY(${item.start - ROW}px)`,
                height: item.size,
                width,
              }}
            >
              <div role="rowheader" tabIndex={-1} className={styles.gutter}>
                <span className="numeric">{(item.index + 1).toLocaleString()}</span>
                {!readOnly && (
                  <span className={styles.rowTools}>
                    <IconButton
                      icon={isRemoved ? "undo" : "trash"}
                      size="s"
                      label={t(isRemoved ? "objects.keepRow" : "objects.removeRow", {
                        row: item.index + 1,
                      })}
                      onClick={() => props.onRemove(item.index)}
                    />
                  </span>
                )}
              </div>
              {across.getVirtualItems().map((cell) => {
                const column = columns[cell.index] ?? "";
                const isHere = item.index === at.row && cell.index === at.column;
                const isChanged =
                  mark === "changed" &&
                  JSON.stringify(value?.[column]) !==
                    JSON.stringify(props.stored(item.index)?.[column]);
                return (
                  // biome-ignore lint/a11y/useKeyWithClickEvents: the grid has the keys
                  <div
                    key={cell.key}
                    id={`cell-${item.index}-${cell.index}`}
                    role="gridcell"
                    tabIndex={-1}
                    aria-colindex={cell.index + 2}
                    aria-selected={isHere}
                    className={styles.cell}
                    data-here={isHere || undefined}
                    data-changed={isChanged || undefined}
                    data-numeric={typeof value?.[column] === "number" || undefined}
                    style={{ left: cell.start, width: cell.size }}
                    onClick={(event) => {
                      if ((event.target as Element).closest("textarea, a, audio")) return;
                      if (editing !== null) setEditing(null);
                      setAt({ row: item.index, column: cell.index });
                      scroller.current?.focus({ preventScroll: true });
                    }}
                    onDoubleClick={() => begin()}
                  >
                    {isHere && editing !== null ? (
                      <CellEditor
                        text={editing}
                        label={column}
                        onText={setEditing}
                        onCommit={commit}
                        onCancel={() => {
                          setEditing(null);
                          scroller.current?.focus();
                        }}
                      />
                    ) : value === undefined ? (
                      <Skeleton width="60%" height={10} />
                    ) : (
                      <CellValue home={props.home} value={value[column]} />
                    )}
                  </div>
                );
              })}
            </div>
          );
        })}
      </div>
      {count === 0 && <p className={styles.nothing}>{t("objects.noRows")}</p>}
    </div>
  );
}

function CellEditor({
  text,
  label,
  onText,
  onCommit,
  onCancel,
}: {
  text: string;
  label: string;
  onText: (text: string) => void;
  onCommit: (text: string, down?: number, right?: number) => void;
  onCancel: () => void;
}) {
  const done = useRef(false);
  const finish = (down = 0, right = 0) => {
    if (done.current) return;
    done.current = true;
    onCommit(text, down, right);
  };
  return (
    <textarea
      className={styles.editor}
      aria-label={label}
      // biome-ignore lint/a11y/noAutofocus: it appears where somebody begins to write
      autoFocus
      value={text}
      rows={Math.min(10, Math.max(1, text.split("\n").length, Math.ceil(text.length / 48)))}
      onFocus={(event) => event.target.setSelectionRange(text.length, text.length)}
      onChange={(event) => onText(event.target.value)}
      onBlur={() => finish()}
      onKeyDown={(event) => {
        event.stopPropagation();
        if (event.nativeEvent.isComposing) return;
        if (event.key === "Enter" && !event.shiftKey) finish(1);
        else if (event.key === "Tab") finish(0, event.shiftKey ? -1 : 1);
        else if (event.key === "Escape") {
          done.current = true;
          onCancel();
        } else return;
        event.preventDefault();
      }}
    />
  );
}

/** Where keys lead to, in rows and columns. */
const steps = (page: number, columns: number): Record<string, [number, number]> => ({
  ArrowDown: [1, 0],
  ArrowUp: [-1, 0],
  ArrowLeft: [0, -1],
  ArrowRight: [0, 1],
  PageDown: [page, 0],
  PageUp: [-page, 0],
  Home: [0, -columns],
  End: [0, columns],
});

/** The width of a text in letters; those of CJK are two wide. */
function cells(text: string): number {
  let sum = 0;
  for (const letter of text) sum += letter > "\u2e7f" ? 2 : 1;
  return sum;
}

/** As wide as what stands in the first rows, within bounds. */
function widthOf(column: string, row: (place: number) => SheetRow | undefined): number {
  let most = cells(column);
  for (let place = 0; place < 20; place++) {
    const value = row(place)?.[column];
    if (mediaOf(value)) return 140;
    most = Math.max(most, cells(cellText(value).slice(0, 60)));
  }
  return Math.max(90, Math.min(380, 28 + most * 7.4));
}
