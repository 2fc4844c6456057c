import { useState } from "react";
import { useTranslation } from "react-i18next";
import { attributeColumns } from "@/lib/columns";
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
  onColumns,
}: {
  columns: readonly string[];
  fields: { config: readonly string[]; summary: readonly string[] };
  onColumns: (columns: string[] | null) => void;
}) {
  const { t } = useTranslation();
  const labelOf = useColumnLabel();
  const [search, setSearch] = useState("");
  const words = search.toLowerCase();
  const groups: [string, string[]][] = [
    [t("table.attributes"), [...attributeColumns]],
    [t("table.summary"), fields.summary.map((field) => `summary.${field}`)],
    [t("table.config"), fields.config.map((field) => `config.${field}`)],
  ];
  const matching = groups
    .map(([title, items]): [string, string[]] => [
      title,
      items.filter((item) => `${item} ${labelOf(item).short}`.toLowerCase().includes(words)),
    ])
    .filter(([, items]) => items.length > 0);
  const count = matching.reduce((sum, [, items]) => sum + items.length, 0);
  const set = (column: string, on: boolean) =>
    onColumns(on ? [...columns, column] : columns.filter((other) => other !== column));
  return (
    <Popover align="end" width={340} trigger={<Button icon="columns">{t("table.columns")}</Button>}>
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
                    {labelOf(column).short}
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
        <Button size="s" variant="ghost" onClick={() => onColumns(null)}>
          {t("table.reset")}
        </Button>
      </div>
    </Popover>
  );
}
