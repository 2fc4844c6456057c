import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { ApiError } from "@/api/http";
import { projectQuery } from "@/api/projects";
import { sessionQuery } from "@/api/session";
import type { ViewInfo } from "@/api/views";
import { changeView, createView, deleteView, viewKeys, viewQuery, viewsQuery } from "@/api/views";
import { useFailureToast } from "@/features/failure";
import { Button, IconButton } from "@/ui/button";
import { copyText } from "@/ui/copy";
import { Dialog, DialogActions } from "@/ui/dialog";
import { Checkbox, Field, Input } from "@/ui/field";
import { Icon } from "@/ui/icon";
import { Menu, MenuItem, MenuLabel, MenuLine } from "@/ui/menu";
import { Notice } from "@/ui/states";
import { toast } from "@/ui/toast";
import { useShortcuts } from "@/ui/use-shortcuts";
import type { ViewController } from "./use-view-state";
import { documentOf } from "./use-view-state";
import styles from "./views.module.css";

type Open = "save" | "rename" | "delete" | null;

/** Which view one looks at, with everything that can be done to it; undo and redo. */
export function ViewBar({ of }: { of: ViewController<unknown> }) {
  const { t } = useTranslation();
  const fail = useFailureToast();
  const { entity, project, kind } = of;
  const project_ = useQuery(projectQuery(entity, project));
  const session = useQuery(sessionQuery);
  const list = useQuery(viewsQuery(entity, project, kind));
  const [open, setOpen] = useState<Open>(null);
  const [conflict, setConflict] = useState<string | null>(null);
  const views = list.data ?? [];
  const current = views.find((view) => view.id === of.view) ?? null;
  const canShare = project_.data?.can_write ?? false;
  const canChange = current !== null && (!current.shared || canShare);
  const me = session.data?.user.name;
  useShortcuts({ "mod+z": of.undo, "mod+shift+z": of.redo, "mod+y": of.redo });
  const change = useChange(of);

  const save = async () => {
    if (!canChange) {
      setOpen("save");
      return;
    }
    try {
      await change(current, of.revision, { document: documentOf(of.state) });
      toast(t("views.saved", { name: current.name }));
    } catch (error) {
      if (error instanceof ApiError && error.status === 409) {
        setConflict(error.message);
        setOpen("save");
      } else fail(error);
    }
  };
  const set = (what: { shared?: boolean; usual?: boolean }) =>
    current && change(current, of.revision, what).catch(fail);
  const link = () =>
    copyText(window.location.href)
      .then(() => toast(t("common.copied")))
      .catch(fail);
  const mine = views.filter((view) => !view.shared);
  const shared = views.filter((view) => view.shared);
  const title = of.loading ? t("common.loading") : (current?.name ?? t("views.none"));

  return (
    <div className={styles.bar}>
      <Menu
        align="start"
        trigger={
          <button
            type="button"
            className={styles.current}
            aria-label={`${t("views.menu")}: ${title}`}
          >
            <Icon name="views" size={14} />
            <span className="truncate">{title}</span>
            {of.changed && <i className={styles.mark} title={t("views.changed")} />}
            <Icon name="chevronDown" size={12} />
          </button>
        }
      >
        <div className={styles.list}>
          <Item
            of={of}
            view={null}
            name={t("views.none")}
            note={of.view === null ? undefined : t("views.noneNote")}
          />
          {mine.length > 0 && <MenuLabel>{t("views.mine")}</MenuLabel>}
          {mine.map((view) => (
            <Item key={view.id} of={of} view={view} name={view.name} />
          ))}
          {shared.length > 0 && <MenuLabel>{t("views.shared")}</MenuLabel>}
          {shared.map((view) => (
            <Item
              key={view.id}
              of={of}
              view={view}
              name={view.name}
              note={view.owner === me ? undefined : view.owner}
            />
          ))}
        </div>
        <MenuLine />
        {current && (
          <MenuItem icon="save" disabled={!of.changed || !canChange} onSelect={() => void save()}>
            {t("views.save")}
          </MenuItem>
        )}
        <MenuItem icon="plus" onSelect={() => setOpen("save")}>
          {t("views.saveAs")}
        </MenuItem>
        <MenuItem icon="refresh" disabled={!of.changed} onSelect={of.reset}>
          {current ? t("views.discard") : t("views.discardAll")}
        </MenuItem>
        <MenuItem icon="external" onSelect={link}>
          {t("views.copyLink")}
        </MenuItem>
        {current && (
          <>
            <MenuLine />
            <MenuItem icon="edit" disabled={!canChange} onSelect={() => setOpen("rename")}>
              {t("views.rename")}
            </MenuItem>
            <MenuItem
              icon="user"
              disabled={!canShare}
              onSelect={() => void set({ shared: !current.shared })}
            >
              {current.shared ? t("views.makePrivate") : t("views.share")}
            </MenuItem>
            <MenuItem
              icon="star"
              disabled={!canShare}
              onSelect={() => void set({ shared: true, usual: !current.usual })}
            >
              {current.usual ? t("views.notUsual") : t("views.makeUsual")}
            </MenuItem>
            <MenuItem icon="trash" danger disabled={!canChange} onSelect={() => setOpen("delete")}>
              {t("views.delete")}
            </MenuItem>
          </>
        )}
      </Menu>
      {of.changed && canChange && (
        <Button size="s" onClick={() => void save()}>
          {t("common.save")}
        </Button>
      )}
      <IconButton
        icon="undo"
        size="s"
        label={t("views.undo")}
        hint="Ctrl Z"
        disabled={!of.canUndo}
        onClick={of.undo}
      />
      <IconButton
        icon="redo"
        size="s"
        label={t("views.redo")}
        hint="Ctrl Shift Z"
        disabled={!of.canRedo}
        onClick={of.redo}
      />
      {open === "save" && (
        <SaveDialog
          of={of}
          canShare={canShare}
          conflict={conflict}
          onDone={() => {
            setOpen(null);
            setConflict(null);
          }}
        />
      )}
      {open === "rename" && current && (
        <RenameDialog of={of} view={current} onDone={() => setOpen(null)} />
      )}
      {open === "delete" && current && (
        <DeleteDialog of={of} view={current} onDone={() => setOpen(null)} />
      )}
    </div>
  );
}

function Item({
  of,
  view,
  name,
  note,
}: {
  of: ViewController<unknown>;
  view: ViewInfo | null;
  name: string;
  note?: string;
}) {
  const { t } = useTranslation();
  const chosen = (view?.id ?? null) === of.view;
  return (
    <MenuItem icon={chosen ? "check" : undefined} onSelect={() => of.open(view?.id ?? null)}>
      <span className={`${styles.name} truncate`}>{name}</span>
      {view?.usual && (
        <span className={styles.note} title={t("views.usual")}>
          <Icon name="star" size={12} />
        </span>
      )}
      {note && <span className={styles.note}>{note}</span>}
    </MenuItem>
  );
}

function useChange(of: ViewController<unknown>) {
  return async (
    view: ViewInfo,
    revision: number,
    change: Omit<Parameters<typeof changeView>[3], "revision">,
  ) => {
    const after = await changeView(of.entity, of.project, view.id, { revision, ...change });
    of.saved(after);
    return after;
  };
}

function SaveDialog({
  of,
  canShare,
  conflict,
  onDone,
}: {
  of: ViewController<unknown>;
  canShare: boolean;
  conflict: string | null;
  onDone: () => void;
}) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const fail = useFailureToast();
  const [name, setName] = useState("");
  const [shared, setShared] = useState(false);
  const [busy, setBusy] = useState(false);
  const submit = async () => {
    setBusy(true);
    try {
      const made = await createView(of.entity, of.project, {
        kind: of.kind,
        name: name.trim(),
        shared,
        document: documentOf(of.state),
      });
      await client.invalidateQueries({ queryKey: viewKeys.list(of.entity, of.project, of.kind) });
      of.saved(made);
      toast(t("views.saved", { name: made.name }));
      onDone();
    } catch (error) {
      fail(error);
    } finally {
      setBusy(false);
    }
  };
  const overwrite = async () => {
    if (of.view === null) return;
    setBusy(true);
    try {
      const newest = await client.fetchQuery(viewQuery(of.entity, of.project, of.view));
      const after = await changeView(of.entity, of.project, of.view, {
        revision: newest.revision,
        document: documentOf(of.state),
      });
      of.saved(after);
      onDone();
    } catch (error) {
      fail(error);
    } finally {
      setBusy(false);
    }
  };
  return (
    <Dialog
      open
      onOpen={(open) => !open && onDone()}
      width={420}
      title={t("views.saveAs")}
      closeLabel={t("common.close")}
    >
      <form
        className={styles.form}
        onSubmit={(event) => {
          event.preventDefault();
          void submit();
        }}
      >
        {conflict && <Notice kind="warning">{conflict}</Notice>}
        <Field label={t("views.name")}>
          {(id) => (
            <Input
              id={id}
              autoFocus
              value={name}
              maxLength={128}
              onChange={(event) => setName(event.target.value)}
            />
          )}
        </Field>
        <Checkbox checked={shared} onChecked={setShared} disabled={!canShare}>
          {t("views.shareIt")}
        </Checkbox>
        <DialogActions>
          {conflict && (
            <Button variant="danger" busy={busy} onClick={() => void overwrite()}>
              {t("views.overwrite")}
            </Button>
          )}
          <Button onClick={onDone}>{t("common.cancel")}</Button>
          <Button type="submit" variant="primary" busy={busy} disabled={!name.trim()}>
            {t("common.save")}
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  );
}

function RenameDialog({
  of,
  view,
  onDone,
}: {
  of: ViewController<unknown>;
  view: ViewInfo;
  onDone: () => void;
}) {
  const { t } = useTranslation();
  const fail = useFailureToast();
  const change = useChange(of);
  const [name, setName] = useState(view.name);
  return (
    <Dialog
      open
      onOpen={(open) => !open && onDone()}
      width={420}
      title={t("views.rename")}
      closeLabel={t("common.close")}
    >
      <form
        className={styles.form}
        onSubmit={(event) => {
          event.preventDefault();
          change(view, of.revision, { name: name.trim() }).then(onDone).catch(fail);
        }}
      >
        <Field label={t("views.name")}>
          {(id) => (
            <Input
              id={id}
              autoFocus
              value={name}
              maxLength={128}
              onChange={(event) => setName(event.target.value)}
            />
          )}
        </Field>
        <DialogActions>
          <Button onClick={onDone}>{t("common.cancel")}</Button>
          <Button type="submit" variant="primary" disabled={!name.trim()}>
            {t("common.save")}
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  );
}

function DeleteDialog({
  of,
  view,
  onDone,
}: {
  of: ViewController<unknown>;
  view: ViewInfo;
  onDone: () => void;
}) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const fail = useFailureToast();
  const remove = async () => {
    try {
      await deleteView(of.entity, of.project, view.id);
      of.open(null);
      await client.invalidateQueries({ queryKey: viewKeys.list(of.entity, of.project, of.kind) });
      onDone();
    } catch (error) {
      fail(error);
    }
  };
  return (
    <Dialog
      open
      onOpen={(open) => !open && onDone()}
      width={420}
      title={t("views.deleteTitle", { name: view.name })}
      closeLabel={t("common.close")}
    >
      <p className={styles.text}>{view.shared ? t("views.deleteShared") : t("views.deleteText")}</p>
      <DialogActions>
        <Button onClick={onDone}>{t("common.cancel")}</Button>
        <Button variant="danger" onClick={() => void remove()}>
          {t("common.delete")}
        </Button>
      </DialogActions>
    </Dialog>
  );
}
