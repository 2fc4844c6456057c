import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { projectQuery } from "@/api/projects";
import type { RunChange } from "@/api/runs";
import { changeRun, deleteRun, runKeys, stopRun } from "@/api/runs";
import type { Run } from "@/api/types";
import { useFailureToast } from "@/features/failure";
import { runColor } from "@/lib/colors";
import { Button, IconButton } from "@/ui/button";
import { Tag } from "@/ui/chip";
import { Dialog, DialogActions } from "@/ui/dialog";
import { Field, Input } from "@/ui/field";
import { Icon } from "@/ui/icon";
import { Menu, MenuItem } from "@/ui/menu";
import { toast } from "@/ui/toast";
import { useTheme } from "@/ui/use-theme";
import styles from "./run.module.css";
import { RunStatus } from "./status";

export function RunHeader({ run }: { run: Run }) {
  const { t } = useTranslation();
  const theme = useTheme();
  const project = useQuery(projectQuery(run.entity, run.project));
  const canWrite = project.data?.can_write ?? false;
  const [dialog, setDialog] = useState<"stop" | "delete" | null>(null);
  const change = useChangeRun(run);
  return (
    <header className={styles.header}>
      <div className={styles.titleRow}>
        <i className={styles.color} style={{ background: runColor(run.number, theme) }} />
        <Name
          key={run.display_name}
          name={run.display_name}
          editable={canWrite}
          onName={(display_name) => change.mutate({ display_name })}
        />
        <span className={styles.grow} />
        {canWrite && run.state === "running" && (
          <Button icon="stop" disabled={run.stop_requested} onClick={() => setDialog("stop")}>
            {run.stop_requested ? t("run.stopping") : t("run.stop")}
          </Button>
        )}
        {canWrite && (
          <Menu trigger={<IconButton icon="more" label={t("common.more")} />}>
            <MenuItem icon="trash" danger onSelect={() => setDialog("delete")}>
              {t("run.delete")}
            </MenuItem>
          </Menu>
        )}
      </div>
      <div className={styles.statusRow}>
        <RunStatus run={run} tags={false} />
        <Tags run={run} editable={canWrite} onTags={(tags) => change.mutate({ tags })} />
      </div>
      <StopDialog run={run} open={dialog === "stop"} onDone={() => setDialog(null)} />
      <DeleteDialog run={run} open={dialog === "delete"} onDone={() => setDialog(null)} />
    </header>
  );
}

/** Changes fields of the run and shows what the server made of it. */
export function useChangeRun(run: Run) {
  const client = useQueryClient();
  const fail = useFailureToast();
  return useMutation({
    mutationFn: (change: RunChange) => changeRun(run.entity, run.project, run.id, change),
    onSuccess: (changed) => {
      client.setQueryData(runKeys.one(run.entity, run.project, run.id), changed);
      void client.invalidateQueries({ queryKey: runKeys.project(run.entity, run.project) });
    },
    onError: fail,
  });
}

function Name({
  name,
  editable,
  onName,
}: {
  name: string;
  editable: boolean;
  onName: (name: string) => void;
}) {
  const { t } = useTranslation();
  const [draft, setDraft] = useState<string | null>(null);
  if (draft === null) {
    return (
      <>
        <h1 className="truncate" title={name}>
          {name}
        </h1>
        {editable && (
          <IconButton icon="edit" size="s" label={t("run.rename")} onClick={() => setDraft(name)} />
        )}
      </>
    );
  }
  const save = () => {
    if (draft.trim() !== "" && draft.trim() !== name) onName(draft.trim());
    setDraft(null);
  };
  return (
    <form
      className={styles.rename}
      onSubmit={(event) => {
        event.preventDefault();
        save();
      }}
    >
      <Input
        aria-label={t("run.rename")}
        autoFocus
        value={draft}
        maxLength={200}
        onChange={(event) => setDraft(event.target.value)}
        onBlur={save}
        onKeyDown={(event) => event.key === "Escape" && setDraft(null)}
      />
    </form>
  );
}

function Tags({
  run,
  editable,
  onTags,
}: {
  run: Run;
  editable: boolean;
  onTags: (tags: string[]) => void;
}) {
  const { t } = useTranslation();
  const [draft, setDraft] = useState<string | null>(null);
  const add = () => {
    const tag = draft?.trim() ?? "";
    if (tag !== "" && !run.tags.includes(tag)) onTags([...run.tags, tag]);
    setDraft(null);
  };
  return (
    <span className={styles.tags}>
      {run.tags.map((tag) => (
        <Tag
          key={tag}
          onRemove={
            editable && (
              <button
                type="button"
                className={styles.untag}
                aria-label={t("run.removeTag", { tag })}
                onClick={() => onTags(run.tags.filter((other) => other !== tag))}
              >
                <Icon name="close" size={9} />
              </button>
            )
          }
        >
          {tag}
        </Tag>
      ))}
      {editable &&
        (draft === null ? (
          <button type="button" className={styles.addTag} onClick={() => setDraft("")}>
            <Icon name="plus" size={11} />
            {t("run.addTag")}
          </button>
        ) : (
          <form
            onSubmit={(event) => {
              event.preventDefault();
              add();
            }}
          >
            <input
              className={styles.tagInput}
              aria-label={t("run.addTag")}
              // biome-ignore lint/a11y/noAutofocus: it appears on the user's click
              autoFocus
              value={draft}
              maxLength={64}
              onChange={(event) => setDraft(event.target.value)}
              onBlur={add}
              onKeyDown={(event) => event.key === "Escape" && setDraft(null)}
            />
          </form>
        ))}
    </span>
  );
}

interface DialogProps {
  run: Run;
  open: boolean;
  onDone: () => void;
}

function StopDialog({ run, open, onDone }: DialogProps) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const fail = useFailureToast();
  const stop = useMutation({
    mutationFn: () => stopRun(run.entity, run.project, run.id),
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: runKeys.project(run.entity, run.project) });
      onDone();
    },
    onError: fail,
  });
  return (
    <Dialog
      open={open}
      onOpen={(next) => !next && onDone()}
      title={t("run.stopTitle")}
      closeLabel={t("common.close")}
    >
      <p>{t("run.stopText")}</p>
      <DialogActions>
        <Button onClick={onDone}>{t("common.cancel")}</Button>
        <Button variant="danger" icon="stop" busy={stop.isPending} onClick={() => stop.mutate()}>
          {t("run.stop")}
        </Button>
      </DialogActions>
    </Dialog>
  );
}

function DeleteDialog({ run, open, onDone }: DialogProps) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const navigate = useNavigate();
  const fail = useFailureToast();
  const [typed, setTyped] = useState("");
  const { entity, project } = run;
  const remove = useMutation({
    mutationFn: () => deleteRun(entity, project, run.id),
    onSuccess: async () => {
      toast(t("run.deleted"));
      await navigate({ to: "/$entity/$project/runs", params: { entity, project } });
      client.removeQueries({ queryKey: runKeys.one(entity, project, run.id) });
      void client.invalidateQueries({ queryKey: runKeys.project(entity, project) });
    },
    onError: fail,
  });
  return (
    <Dialog
      open={open}
      onOpen={(next) => !next && onDone()}
      title={t("run.deleteTitle", { name: run.display_name })}
      closeLabel={t("common.close")}
    >
      <Field label={t("run.deleteText")}>
        {(id) => (
          <Input
            id={id}
            autoFocus
            value={typed}
            placeholder={run.display_name}
            onChange={(event) => setTyped(event.target.value)}
          />
        )}
      </Field>
      <DialogActions>
        <Button onClick={onDone}>{t("common.cancel")}</Button>
        <Button
          variant="danger"
          icon="trash"
          busy={remove.isPending}
          disabled={typed.trim() !== run.display_name}
          onClick={() => remove.mutate()}
        >
          {t("run.delete")}
        </Button>
      </DialogActions>
    </Dialog>
  );
}
