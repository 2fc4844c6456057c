import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { RunsView, Sort } from "@/lib/view";
import { Button, IconButton } from "@/ui/button";
import { Field, Input, Segmented } from "@/ui/field";
import { Popover } from "@/ui/menu";
import styles from "./sort.module.css";

/** The usual orders, and any value of config or summary. */
export function SortMenu({
  view,
  change,
}: {
  view: RunsView;
  change: (part: Partial<RunsView>) => void;
}) {
  const { t } = useTranslation();
  const [open, setOpen] = useState(false);
  const current = view.sort[0];
  const [field, setField] = useState(current?.field ?? "");
  const [direction, setDirection] = useState<"up" | "down">(current?.descending ? "down" : "up");
  const choose = (sort: Sort[]) => {
    change({ sort });
    setOpen(false);
  };
  const usual: [string, Sort[]][] = [
    [t("runs.newest"), []],
    [t("runs.oldest"), [{ field: "created_at", descending: false }]],
    [t("runs.byName"), [{ field: "display_name", descending: false }]],
    [t("runs.byState"), [{ field: "state", descending: false }]],
    [t("runs.byDuration"), [{ field: "duration", descending: true }]],
  ];
  return (
    <Popover
      align="end"
      width={280}
      open={open}
      onOpen={setOpen}
      trigger={
        <IconButton icon="sort" size="s" label={t("runs.sort")} pressed={view.sort.length > 0} />
      }
    >
      <div className={styles.list}>
        {usual.map(([label, sort]) => (
          <button
            key={label}
            type="button"
            aria-pressed={JSON.stringify(sort) === JSON.stringify(view.sort)}
            onClick={() => choose(sort)}
          >
            {label}
          </button>
        ))}
      </div>
      <form
        className={styles.form}
        onSubmit={(event) => {
          event.preventDefault();
          choose([{ field: field.trim(), descending: direction === "down" }]);
        }}
      >
        <Field label={t("runs.byField")}>
          {(id) => (
            <Input
              id={id}
              mono
              value={field}
              placeholder={t("runs.fieldPlaceholder")}
              onChange={(event) => setField(event.target.value)}
            />
          )}
        </Field>
        <div className={styles.last}>
          <Segmented<"up" | "down">
            label={t("runs.sortBy")}
            value={direction}
            options={[
              { value: "up", label: t("runs.ascending") },
              { value: "down", label: t("runs.descending") },
            ]}
            onValue={setDirection}
          />
          <Button type="submit" size="s" variant="primary" disabled={!field.trim()}>
            {t("runs.sort")}
          </Button>
        </div>
      </form>
    </Popover>
  );
}
