import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useId, useState } from "react";
import { useTranslation } from "react-i18next";
import type { BulkAction } from "@/api/bulk";
import { changeRuns } from "@/api/bulk";
import { paletteProjectsQuery } from "@/api/projects";
import { searchRuns } from "@/api/runs";
import type { Run } from "@/api/types";
import { useFailureToast } from "@/features/failure";
import { combineFilter } from "@/lib/filter";
import type { RunsView } from "@/lib/view";
import { Button, buttonClass, IconButton } from "@/ui/button";
import { Dialog, DialogActions } from "@/ui/dialog";
import { Field, Input } from "@/ui/field";
import { Icon } from "@/ui/icon";
import { toast } from "@/ui/toast";
import { useDebounced } from "@/ui/use-debounced";
import { tagsOf } from "./edit";
import styles from "./runs.module.css";

const PAGE = 1000;
/** Lines that can be told apart when runs are compared. */
const COMPARED = 100;
type Open = "tag" | "group" | "move" | "stop" | "delete" | null;

/** What can be done to the runs that are ticked. */
export function BulkBar({
  entity,
  project,
  view,
  runs,
  total,
  onSelected,
  deleted,
  onDeleted,
}: {
  entity: string;
  project: string;
  view: RunsView;
  runs: readonly Run[];
  total: number;
  onSelected: (runs: readonly Run[]) => void;
  /** Runs that were deleted just now, and can be taken back. */
  deleted: readonly string[];
  onDeleted: (runs: readonly string[]) => void;
}) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const fail = useFailureToast();
  const [open, setOpen] = useState<Open>(null);
  const [progress, setProgress] = useState<number | null>(null);
  const count = runs.length;

  const act = async (ids: readonly string[], action: BulkAction) => {
    setOpen(null);
    setProgress(0);
    try {
      const { done, failed } = await changeRuns(client, entity, project, ids, action, setProgress);
      const [first] = failed;
      if (first) {
        const message = `${first.run}: ${first.message}`;
        toast(t("bulk.partly", { count: failed.length, done: done.length, message }), {
          bad: true,
        });
      } else toast(t("bulk.done", { count: done.length }));
      if (action.action === "delete") onDeleted(done);
      else if (action.action === "restore") onDeleted([]);
      const left = new Set(failed.map(({ run }) => run));
      const gone = ["delete", "move"].includes(action.action);
      if (first || gone) onSelected(runs.filter((run) => left.has(run.id)));
    } catch (error) {
      fail(error);
    } finally {
      setProgress(null);
    }
  };
  const ids = runs.map((run) => run.id);
  const selectAll = async () => {
    setProgress(0);
    try {
      const search = { filter: combineFilter(view), sort: view.sort };
      const found: Run[] = [];
      let cursor: string | null = null;
      do {
        const page = await searchRuns(entity, project, search, { limit: PAGE, cursor });
        found.push(...page.items);
        setProgress(found.length);
        cursor = page.cursor;
      } while (cursor !== null);
      onSelected(found);
    } catch (error) {
      fail(error);
    } finally {
      setProgress(null);
    }
  };
  const busy = progress !== null;
  if (count === 0) {
    return (
      <section className={styles.bulk} aria-label={t("bulk.title")}>
        <strong className="numeric">
          {busy
            ? t("bulk.working", { done: progress, count: deleted.length })
            : t("bulk.deleted", { count: deleted.length })}
        </strong>
        <Button
          size="s"
          icon="undo"
          disabled={busy}
          onClick={() => void act(deleted, { action: "restore" })}
        >
          {t("bulk.restore")}
        </Button>
        <span className={styles.bulkLine} />
        <IconButton
          icon="close"
          size="s"
          label={t("common.close")}
          disabled={busy}
          onClick={() => onDeleted([])}
        />
      </section>
    );
  }
  return (
    <section className={styles.bulk} aria-label={t("bulk.title")}>
      <strong className="numeric">
        {busy ? t("bulk.working", { done: progress, count }) : t("bulk.selected", { count })}
      </strong>
      {count < total && (
        <Button size="s" variant="ghost" disabled={busy} onClick={() => void selectAll()}>
          {t("bulk.selectAll", { count: total })}
        </Button>
      )}
      <span className={styles.bulkLine} />
      <Link
        to="/$entity/$project"
        params={{ entity, project }}
        search={{
          first: "0",
          show: runs
            .slice(0, COMPARED)
            .map((run) => encodeURIComponent(run.id))
            .join(","),
        }}
        className={buttonClass("default", "s")}
      >
        <Icon name="chart" size={14} />
        {t("bulk.compare")}
      </Link>
      <Button size="s" icon="tag" disabled={busy} onClick={() => setOpen("tag")}>
        {t("bulk.tag")}
      </Button>
      <Button size="s" icon="group" disabled={busy} onClick={() => setOpen("group")}>
        {t("bulk.group")}
      </Button>
      <Button size="s" icon="move" disabled={busy} onClick={() => setOpen("move")}>
        {t("bulk.move")}
      </Button>
      <Button size="s" icon="stop" disabled={busy} onClick={() => setOpen("stop")}>
        {t("bulk.stop")}
      </Button>
      <Button size="s" icon="trash" disabled={busy} onClick={() => setOpen("delete")}>
        {t("bulk.delete")}
      </Button>
      <IconButton
        icon="close"
        size="s"
        label={t("bulk.clear")}
        disabled={busy}
        onClick={() => onSelected([])}
      />
      {open === "tag" && (
        <TagDialog
          runs={runs}
          onDone={() => setOpen(null)}
          onAct={(action) => void act(ids, action)}
        />
      )}
      {open === "group" && (
        <GroupDialog
          runs={runs}
          onDone={() => setOpen(null)}
          onAct={(action) => void act(ids, action)}
        />
      )}
      {open === "move" && (
        <MoveDialog
          entity={entity}
          project={project}
          count={count}
          onDone={() => setOpen(null)}
          onAct={(action) => void act(ids, action)}
        />
      )}
      {(open === "stop" || open === "delete") && (
        <ConfirmDialog
          action={open}
          count={count}
          onDone={() => setOpen(null)}
          onAct={() => void act(ids, { action: open })}
        />
      )}
    </section>
  );
}

function TagDialog({
  runs,
  onDone,
  onAct,
}: {
  runs: readonly Run[];
  onDone: () => void;
  onAct: (action: BulkAction) => void;
}) {
  const { t } = useTranslation();
  const [add, setAdd] = useState("");
  const [remove, setRemove] = useState<readonly string[]>([]);
  const present = [...new Set(runs.flatMap((run) => run.tags))].sort();
  return (
    <Dialog
      open
      onOpen={(open) => !open && onDone()}
      title={t("bulk.tagTitle", { count: runs.length })}
      closeLabel={t("common.close")}
    >
      <form
        className={styles.editForm}
        onSubmit={(event) => {
          event.preventDefault();
          onAct({ action: "tag", add_tags: tagsOf(add), remove_tags: [...remove] });
        }}
      >
        <Field label={t("bulk.addTags")} hint={t("table.tagsHint")}>
          {(id) => (
            <Input id={id} autoFocus value={add} onChange={(event) => setAdd(event.target.value)} />
          )}
        </Field>
        {present.length > 0 && (
          <fieldset className={styles.tagChoices}>
            <legend>{t("bulk.removeTags")}</legend>
            {present.map((tag) => (
              <Button
                key={tag}
                size="s"
                pressed={remove.includes(tag)}
                onClick={() =>
                  setRemove(
                    remove.includes(tag)
                      ? remove.filter((other) => other !== tag)
                      : [...remove, tag],
                  )
                }
              >
                {tag}
              </Button>
            ))}
          </fieldset>
        )}
        <DialogActions>
          <Button onClick={onDone}>{t("common.cancel")}</Button>
          <Button
            type="submit"
            variant="primary"
            disabled={tagsOf(add).length === 0 && remove.length === 0}
          >
            {t("common.save")}
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  );
}

function GroupDialog({
  runs,
  onDone,
  onAct,
}: {
  runs: readonly Run[];
  onDone: () => void;
  onAct: (action: BulkAction) => void;
}) {
  const { t } = useTranslation();
  const [group, setGroup] = useState(() => runs[0]?.group ?? "");
  return (
    <Dialog
      open
      onOpen={(open) => !open && onDone()}
      title={t("bulk.groupTitle", { count: runs.length })}
      closeLabel={t("common.close")}
    >
      <form
        className={styles.editForm}
        onSubmit={(event) => {
          event.preventDefault();
          onAct({ action: "group", group: group.trim() || null });
        }}
      >
        <Field label={t("table.group")} hint={t("bulk.groupHint")}>
          {(id) => (
            <Input
              id={id}
              autoFocus
              value={group}
              onChange={(event) => setGroup(event.target.value)}
            />
          )}
        </Field>
        <DialogActions>
          <Button onClick={onDone}>{t("common.cancel")}</Button>
          <Button type="submit" variant="primary">
            {t("common.save")}
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  );
}

function MoveDialog({
  entity,
  project,
  count,
  onDone,
  onAct,
}: {
  entity: string;
  project: string;
  count: number;
  onDone: () => void;
  onAct: (action: BulkAction) => void;
}) {
  const { t } = useTranslation();
  const list = useId();
  const [place, setPlace] = useState("");
  const found = useQuery(paletteProjectsQuery(useDebounced(place.split("/").at(-1) ?? "")));
  const [to = "", name = ""] = place.includes("/") ? place.split("/") : [entity, place.trim()];
  const others = (found.data?.items ?? []).filter(
    (item) => item.can_write && !(item.entity === entity && item.name === project),
  );
  return (
    <Dialog
      open
      onOpen={(open) => !open && onDone()}
      title={t("bulk.moveTitle", { count })}
      closeLabel={t("common.close")}
    >
      <form
        className={styles.editForm}
        onSubmit={(event) => {
          event.preventDefault();
          onAct({ action: "move", to: { entity: to, project: name } });
        }}
      >
        <Field label={t("bulk.moveTo")} hint={t("bulk.moveHint")}>
          {(id) => (
            <Input
              id={id}
              autoFocus
              list={list}
              value={place}
              placeholder={`${entity}/…`}
              onChange={(event) => setPlace(event.target.value)}
            />
          )}
        </Field>
        <datalist id={list}>
          {others.map((item) => (
            <option key={`${item.entity}/${item.name}`} value={`${item.entity}/${item.name}`} />
          ))}
        </datalist>
        <DialogActions>
          <Button onClick={onDone}>{t("common.cancel")}</Button>
          <Button type="submit" variant="primary" disabled={to === "" || name === ""}>
            {t("bulk.move")}
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  );
}

function ConfirmDialog({
  action,
  count,
  onDone,
  onAct,
}: {
  action: "stop" | "delete";
  count: number;
  onDone: () => void;
  onAct: () => void;
}) {
  const { t } = useTranslation();
  return (
    <Dialog
      open
      onOpen={(open) => !open && onDone()}
      title={action === "stop" ? t("bulk.stopTitle", { count }) : t("bulk.deleteTitle", { count })}
      closeLabel={t("common.close")}
    >
      <p className={styles.confirm}>
        {action === "stop" ? t("bulk.stopText") : t("bulk.deleteText")}
      </p>
      <DialogActions>
        <Button onClick={onDone}>{t("common.cancel")}</Button>
        <Button variant={action === "delete" ? "danger" : "primary"} onClick={onAct}>
          {action === "stop" ? t("bulk.stop") : t("bulk.delete")}
        </Button>
      </DialogActions>
    </Dialog>
  );
}
