import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { RunChange } from "@/api/runs";
import { changeRun, replaceRuns } from "@/api/runs";
import type { Run } from "@/api/types";
import { useFailureToast } from "@/features/failure";
import { Button } from "@/ui/button";
import { Field, Input, TextArea } from "@/ui/field";
import { Icon } from "@/ui/icon";
import { Popover } from "@/ui/menu";
import { useColumnLabel } from "./labels";
import styles from "./runs.module.css";

const editable = ["display_name", "tags", "notes", "group"] as const;
type Editable = (typeof editable)[number];

export const isEditable = (column: string): column is Editable =>
  (editable as readonly string[]).includes(column);

const textOf = (run: Run, column: Editable): string =>
  column === "tags" ? run.tags.join(", ") : (run[column] ?? "");

export const tagsOf = (text: string): string[] => [
  ...new Set(
    text
      .split(/[,、]/)
      .map((tag) => tag.trim())
      .filter((tag) => tag !== ""),
  ),
];

function changeOf(column: Editable, text: string): RunChange {
  if (column === "tags") return { tags: tagsOf(text) };
  return { [column]: text.trim() === "" ? null : text.trim() };
}

/** A pencil in a cell, and the field behind it. */
export function EditCell({ run, column }: { run: Run; column: Editable }) {
  const { t } = useTranslation();
  const [open, setOpen] = useState(false);
  const label = useColumnLabel()(column).short;
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: the row behind does not hear of it
    <span
      className={styles.edit}
      data-open={open || undefined}
      onClick={(event) => event.stopPropagation()}
      onKeyDown={(event) => event.stopPropagation()}
    >
      <Popover
        open={open}
        onOpen={setOpen}
        width={300}
        trigger={
          <button
            type="button"
            aria-label={t("table.edit", { column: label, name: run.display_name })}
          >
            <Icon name="edit" size={13} />
          </button>
        }
      >
        <EditForm run={run} column={column} label={label} onDone={() => setOpen(false)} />
      </Popover>
    </span>
  );
}

function EditForm({
  run,
  column,
  label,
  onDone,
}: {
  run: Run;
  column: Editable;
  label: string;
  onDone: () => void;
}) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const fail = useFailureToast();
  const [text, setText] = useState(() => textOf(run, column));
  const [busy, setBusy] = useState(false);
  const save = async () => {
    setBusy(true);
    try {
      const changed = await changeRun(run.entity, run.project, run.id, changeOf(column, text));
      replaceRuns(client, [changed]);
      onDone();
    } catch (error) {
      fail(error);
      setBusy(false);
    }
  };
  return (
    <form
      className={styles.editForm}
      onSubmit={(event) => {
        event.preventDefault();
        void save();
      }}
    >
      <Field label={label} hint={column === "tags" ? t("table.tagsHint") : undefined}>
        {(id) =>
          column === "notes" ? (
            <TextArea
              id={id}
              autoFocus
              rows={5}
              value={text}
              onChange={(event) => setText(event.target.value)}
              onKeyDown={(event) => {
                if (event.key === "Enter" && (event.metaKey || event.ctrlKey)) void save();
              }}
            />
          ) : (
            <Input
              id={id}
              autoFocus
              value={text}
              onChange={(event) => setText(event.target.value)}
            />
          )
        }
      </Field>
      <div className={styles.editActions}>
        <Button size="s" onClick={onDone}>
          {t("common.cancel")}
        </Button>
        <Button
          size="s"
          type="submit"
          variant="primary"
          busy={busy}
          disabled={column === "display_name" && text.trim() === ""}
        >
          {t("common.save")}
        </Button>
      </div>
    </form>
  );
}
