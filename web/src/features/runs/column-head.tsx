import { useTranslation } from "react-i18next";
import { nextSort } from "@/lib/columns";
import { FORMULA, SPARK } from "@/lib/table-layout";
import type { Sort } from "@/lib/view";
import { Icon } from "@/ui/icon";
import { Menu, MenuItem, MenuLine } from "@/ui/menu";
import type { Column } from "./columns";
import styles from "./runs.module.css";

/** What can be done with a column. */
export interface ColumnActions {
  onSort: (sort: Sort[]) => void;
  onWidth: (column: string, width: number | null) => void;
  onMove: (column: string, to: string) => void;
  onPin: (column: string) => void;
  onHeat: (column: string) => void;
  onHide: (column: string) => void;
  onFormula: (column: string) => void;
}

const DRAGGED = "application/x-kiseki-column";
const LEAST = 64;

/** A heading: click sorts, drag moves, the edge resizes, and a menu offers the same to keys. */
export function ColumnHead({
  column,
  columns,
  sort,
  actions,
  start,
}: {
  column: Column;
  columns: readonly Column[];
  sort: readonly Sort[];
  actions: ColumnActions;
  start?: React.ReactNode;
}) {
  const { t } = useTranslation();
  const { id } = column;
  const order = sort.find((item) => item.field === id);
  const name = id === "display_name";
  const at = columns.indexOf(column);
  const [before, after] = [columns[at - 1], columns[at + 1]];
  const movable = (other: Column | undefined) =>
    other && other.id !== "display_name" && other.pinned === column.pinned ? other : undefined;
  const sortBy = (descending: boolean) => actions.onSort([{ field: id, descending }]);
  return (
    // biome-ignore lint/a11y/useSemanticElements: rows that exist only in sight are no table
    <div
      role="columnheader"
      tabIndex={-1}
      aria-sort={order ? (order.descending ? "descending" : "ascending") : "none"}
      className={styles.th}
      data-sticky={column.left !== null || undefined}
      style={{ width: column.width, left: column.left ?? undefined }}
      draggable={!name}
      onDragStart={(event) => event.dataTransfer.setData(DRAGGED, id)}
      onDragOver={(event) => {
        if (!name && event.dataTransfer.types.includes(DRAGGED)) event.preventDefault();
      }}
      onDrop={(event) => {
        const dragged = event.dataTransfer.getData(DRAGGED);
        if (dragged) actions.onMove(dragged, id);
      }}
    >
      {start}
      <button
        type="button"
        className={styles.sort}
        title={column.sortable ? `${column.full}\n${t("table.sortHint")}` : column.full}
        disabled={!column.sortable}
        onClick={(event) => actions.onSort(nextSort(sort, id, event.shiftKey))}
      >
        <span className="truncate">{column.heading}</span>
        {order && <Icon name={order.descending ? "arrowDown" : "arrowUp"} size={12} />}
        {order && sort.length > 1 && <sup>{sort.indexOf(order) + 1}</sup>}
      </button>
      <Menu
        align="start"
        trigger={
          <button
            type="button"
            className={styles.headMenu}
            aria-label={t("table.columnMenu", { column: column.heading })}
          >
            <Icon name="chevronDown" size={12} />
          </button>
        }
      >
        {column.sortable && (
          <>
            <MenuItem icon="arrowUp" onSelect={() => sortBy(false)}>
              {t("runs.ascending")}
            </MenuItem>
            <MenuItem icon="arrowDown" onSelect={() => sortBy(true)}>
              {t("runs.descending")}
            </MenuItem>
            <MenuLine />
          </>
        )}
        {!name && (
          <>
            <MenuItem icon="pin" onSelect={() => actions.onPin(id)}>
              {column.pinned ? t("table.unpin") : t("table.pin")}
            </MenuItem>
            {!id.startsWith(SPARK) && (
              <MenuItem icon="palette" onSelect={() => actions.onHeat(id)}>
                {column.heat ? t("table.noHeat") : t("table.heat")}
              </MenuItem>
            )}
            <MenuItem
              icon="chevronLeft"
              disabled={!movable(before)}
              onSelect={() => before && actions.onMove(id, before.id)}
            >
              {t("table.moveLeft")}
            </MenuItem>
            <MenuItem
              icon="chevronRight"
              disabled={!movable(after)}
              onSelect={() => after && actions.onMove(id, after.id)}
            >
              {t("table.moveRight")}
            </MenuItem>
          </>
        )}
        <MenuItem
          icon="expand"
          onSelect={() => actions.onWidth(id, Math.round(column.width * 1.25))}
        >
          {t("table.wider")}
        </MenuItem>
        <MenuItem icon="refresh" onSelect={() => actions.onWidth(id, null)}>
          {t("table.usualWidth")}
        </MenuItem>
        {!name && (
          <>
            <MenuLine />
            {id.startsWith(FORMULA) && (
              <MenuItem icon="sigma" onSelect={() => actions.onFormula(id)}>
                {t("table.editFormula")}
              </MenuItem>
            )}
            <MenuItem icon="eyeOff" onSelect={() => actions.onHide(id)}>
              {t("table.hideColumn")}
            </MenuItem>
          </>
        )}
      </Menu>
      {/* biome-ignore lint/a11y/noStaticElementInteractions: the menu resizes as well */}
      <span
        className={styles.resize}
        draggable={false}
        onDoubleClick={() => actions.onWidth(id, null)}
        onPointerDown={(event) => {
          event.preventDefault();
          event.currentTarget.setPointerCapture(event.pointerId);
        }}
        onPointerMove={(event) => {
          if (!event.currentTarget.hasPointerCapture(event.pointerId)) return;
          const left = event.currentTarget.parentElement?.getBoundingClientRect().left ?? 0;
          actions.onWidth(id, Math.max(LEAST, Math.round(event.clientX - left)));
        }}
      />
    </div>
  );
}
