import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { projectQuery } from "@/api/projects";
import type { Run } from "@/api/types";
import { Button, IconButton } from "@/ui/button";
import { DialogActions } from "@/ui/dialog";
import { useChangeRun } from "./header";
import styles from "./run.module.css";

/** What people wrote about the run. */
export function Notes({ run }: { run: Run }) {
  const { t } = useTranslation();
  const project = useQuery(projectQuery(run.entity, run.project));
  const change = useChangeRun(run);
  const [draft, setDraft] = useState<string | null>(null);
  const canWrite = project.data?.can_write ?? false;
  if (!canWrite && !run.notes) return null;
  return (
    <section className={styles.card}>
      <header className={styles.cardHead}>
        <h2>{t("run.notes")}</h2>
        <span className={styles.grow} />
        {canWrite && draft === null && (
          <IconButton
            icon="edit"
            size="s"
            label={t("run.notes")}
            onClick={() => setDraft(run.notes ?? "")}
          />
        )}
      </header>
      {draft === null ? (
        <p className={run.notes ? styles.notes : "muted"}>
          {run.notes || t("run.notesPlaceholder")}
        </p>
      ) : (
        <form
          onSubmit={(event) => {
            event.preventDefault();
            change.mutate({ notes: draft.trim() || null }, { onSuccess: () => setDraft(null) });
          }}
        >
          <textarea
            className={styles.notesInput}
            aria-label={t("run.notes")}
            // biome-ignore lint/a11y/noAutofocus: it appears on the user's click
            autoFocus
            rows={4}
            value={draft}
            placeholder={t("run.notesPlaceholder")}
            onChange={(event) => setDraft(event.target.value)}
          />
          <DialogActions>
            <Button size="s" onClick={() => setDraft(null)}>
              {t("common.cancel")}
            </Button>
            <Button size="s" type="submit" variant="primary" busy={change.isPending}>
              {t("common.save")}
            </Button>
          </DialogActions>
        </form>
      )}
    </section>
  );
}
