import { useState } from "react";
import { useTranslation } from "react-i18next";
import { attributeColumns } from "@/lib/columns";
import type { Formula } from "@/lib/table-layout";
import { FORMULA, SPARK } from "@/lib/table-layout";
import { Button } from "@/ui/button";
import { Checkbox, SearchInput } from "@/ui/field";
import { Popover } from "@/ui/menu";
import { Notice } from "@/ui/states";
import { useColumnLabel } from "./labels";
import styles from "./runs.module.css";

/** More choices than this are found by searching only. */
const LISTED = 200;

export function ColumnChooser({
  columns,
  fields,
  keys,
  formulas,
  dense,
  onColumns,
  onFormula,
  onDense,
}: {
  columns: readonly string[];
  fields: { config: readonly string[]; summary: readonly string[] };
  /** Metrics whose course can be a column. */
  keys: readonly string[];
  formulas: readonly Formula[];
  dense: boolean;
  onColumns: (columns: string[] | null) => void;
  onFormula: () => void;
  onDense: (dense: boolean) => void;
}) {
  const { t } = useTranslation();
  const labelOf = useColumnLabel();
  const [open, setOpen] = useState(false);
  const [search, setSearch] = useState("");
  const words = search.toLowerCase();
  const nameOf = (column: string) =>
    formulas.find((formula) => FORMULA + formula.id === column)?.name ??
    (column.startsWith(SPARK) ? column.slice(SPARK.length) : labelOf(column).short);
  const groups: [string, string[]][] = [
    [t("table.formulas"), formulas.map((formula) => FORMULA + formula.id)],
    [t("table.attributes"), [...attributeColumns]],
    [t("table.summary"), fields.summary.map((field) => `summary.${field}`)],
    [t("table.config"), fields.config.map((field) => `config.${field}`)],
    [t("table.courses"), keys.map((key) => SPARK + key)],
  ];
  const matching = groups
    .map(([title, items]): [string, string[]] => [
      title,
      items.filter((item) => `${item} ${nameOf(item)}`.toLowerCase().includes(words)),
    ])
    .filter(([, items]) => items.length > 0);
  const count = matching.reduce((sum, [, items]) => sum + items.length, 0);
  const set = (column: string, on: boolean) =>
    onColumns(on ? [...columns, column] : columns.filter((other) => other !== column));
  return (
    <Popover
      align="end"
      width={340}
      open={open}
      onOpen={setOpen}
      trigger={<Button icon="columns">{t("table.columns")}</Button>}
    >
      <div className={styles.chooser}>
        <SearchInput
          label={t("table.searchColumns")}
          placeholder={t("table.searchColumns")}
          value={search}
          onValue={setSearch}
        />
        <div className={styles.choices}>
          {matching.map(([title, items]) => (
            <fieldset key={title}>
              <legend>{title}</legend>
              {items.slice(0, LISTED).map((column) => (
                <Checkbox
                  key={column}
                  checked={columns.includes(column)}
                  onChecked={(on) => set(column, on)}
                >
                  <span className="truncate" title={column}>
                    {nameOf(column)}
                  </span>
                </Checkbox>
              ))}
            </fieldset>
          ))}
          {count === 0 && <p className="muted">{t("table.noColumn")}</p>}
          {matching.some(([, items]) => items.length > LISTED) && (
            <Notice>{t("table.tooMany", { count, shown: LISTED })}</Notice>
          )}
        </div>
        <div className={styles.chooserActions}>
          <Button
            size="s"
            icon="sigma"
            onClick={() => {
              setOpen(false);
              onFormula();
            }}
          >
            {t("table.addFormula")}
          </Button>
          <Button size="s" variant="ghost" onClick={() => onColumns(null)}>
            {t("table.reset")}
          </Button>
        </div>
        <Checkbox checked={dense} onChecked={onDense}>
          {t("table.dense")}
        </Checkbox>
      </div>
    </Popover>
  );
}
