import { useMemo } from "react";
import type { Run } from "@/api/types";
import { columnValue } from "@/lib/columns";
import type { Expression } from "@/lib/expression";
import { tryExpression } from "@/lib/expression";
import { readNumber } from "@/lib/format";
import type { TableLayout } from "@/lib/table-layout";
import { FORMULA, SPARK } from "@/lib/table-layout";
import { useColumnLabel } from "./labels";

export interface Column {
  id: string;
  /** Short heading; in full where two would read the same. */
  heading: string;
  full: string;
  width: number;
  pinned: boolean;
  /** Kept at the left of the window, this far from it. */
  left: number | null;
  heat: boolean;
  /** The server can order by it. */
  sortable: boolean;
  value: (run: Run) => unknown;
}

const widths: Record<string, number> = {
  display_name: 280,
  state: 130,
  created_at: 140,
  duration: 110,
  tags: 180,
  notes: 220,
};

/** Wide enough for the heading and for a number, within reason. */
const widthOf = (heading: string) => Math.min(220, Math.max(120, 54 + 7.5 * heading.length));

/** What a formula comes to for a run; NaN where it cannot be computed. */
export function formulaValue(formula: Expression | SyntaxError | undefined, run: Run): number {
  if (!formula || formula instanceof SyntaxError) return Number.NaN;
  return formula.evaluate((name) => readNumber(columnValue(run, name)) ?? Number.NaN);
}

/** The columns of the table, from left to right. */
export function useColumns(
  ids: readonly string[],
  layout: TableLayout,
  narrow: boolean,
): readonly Column[] {
  const labelOf = useColumnLabel();
  const label = (id: string) => {
    const formula = layout.formulas.find((each) => FORMULA + each.id === id);
    if (formula) return { short: formula.name, full: `${formula.name} = ${formula.text}` };
    return labelOf(id);
  };
  const labels = ids.map(label);
  const key = JSON.stringify([ids, labels, layout, narrow]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the key says all of it
  return useMemo(() => {
    const times = new Map<string, number>();
    for (const { short } of labels) times.set(short, (times.get(short) ?? 0) + 1);
    let left = 0;
    return ids.map((id, index): Column => {
      const { short, full } = labels[index] ?? { short: id, full: id };
      const formula = layout.formulas.find((each) => FORMULA + each.id === id);
      const compiled = formula && tryExpression(formula.text);
      const width = layout.widths[id] ?? widths[id] ?? widthOf(short);
      const name = id === "display_name";
      const pinned = name || layout.pinned.includes(id);
      const sticks = pinned && (name || !narrow);
      const column: Column = {
        id,
        heading: (times.get(short) ?? 0) > 1 ? full : short,
        full,
        width,
        pinned,
        left: sticks ? left : null,
        heat: layout.heat.includes(id),
        sortable: !id.startsWith(FORMULA) && !id.startsWith(SPARK),
        value: formula
          ? (run) => {
              const number = formulaValue(compiled, run);
              return Number.isNaN(number) ? null : number;
            }
          : (run) => columnValue(run, id),
      };
      if (sticks) left += width;
      return column;
    });
  }, [key]);
}

/** The extremes of each coloured column over the rows that are loaded. */
export function heatRanges(
  columns: readonly Column[],
  runs: readonly Run[],
): Map<string, [low: number, high: number]> {
  const ranges = new Map<string, [number, number]>();
  for (const column of columns) {
    if (!column.heat) continue;
    let [low, high] = [Infinity, -Infinity];
    for (const run of runs) {
      const number = readNumber(column.value(run));
      if (number === null || !Number.isFinite(number)) continue;
      low = Math.min(low, number);
      high = Math.max(high, number);
    }
    if (low <= high) ranges.set(column.id, [low, high]);
  }
  return ranges;
}
