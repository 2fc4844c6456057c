import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { ObjectHome } from "@/api/objects";
import { objectKeys, publishDataset } from "@/api/objects";
import { useMessageOf } from "@/features/failure";
import type { ImportedRows } from "@/lib/import-rows";
import { objectHref } from "@/lib/object-links";
import { Button } from "@/ui/button";
import { Dialog, DialogActions } from "@/ui/dialog";
import { Field, Input } from "@/ui/field";
import { Notice } from "@/ui/states";
import { ImportPreview, RowFile } from "./import";
import styles from "./objects.module.css";

/** A dataset of a file's rows, or an empty one to write in. */
export function NewDataset({ home }: { home: ObjectHome }) {
  const { t } = useTranslation();
  const [open, setOpen] = useState(false);
  return (
    <>
      <Button size="s" icon="plus" onClick={() => setOpen(true)}>
        {t("objects.newDataset")}
      </Button>
      {open && <NewDatasetDialog home={home} onDone={() => setOpen(false)} />}
    </>
  );
}

function NewDatasetDialog({ home, onDone }: { home: ObjectHome; onDone: () => void }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const navigate = useNavigate();
  const messageOf = useMessageOf();
  const [name, setName] = useState("");
  const [found, setFound] = useState<ImportedRows | null>(null);
  const create = useMutation({
    mutationFn: () =>
      publishDataset(home, name.trim(), {
        base: null,
        after: null,
        added: found?.rows ?? [],
        removed: [],
        replaced: {},
      }),
    onSuccess: async (made) => {
      await client.invalidateQueries({ queryKey: objectKeys.project(home) });
      void navigate({ to: objectHref({ ...home, kind: "object", name: made.name }) as "/" });
    },
  });
  return (
    <Dialog
      open
      onOpen={(open) => !open && onDone()}
      title={t("objects.newDataset")}
      closeLabel={t("common.close")}
      width={640}
    >
      <form
        className={styles.form}
        onSubmit={(event) => {
          event.preventDefault();
          if (name.trim() !== "") create.mutate();
        }}
      >
        <Field label={t("objects.name")} hint={t("objects.nameHint")}>
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
        <RowFile onFound={setFound} />
        {found && <ImportPreview found={found} />}
        {create.isError && <Notice kind="danger">{messageOf(create.error)}</Notice>}
        <DialogActions>
          <Button onClick={onDone}>{t("common.cancel")}</Button>
          <Button
            type="submit"
            variant="primary"
            busy={create.isPending}
            disabled={name.trim() === ""}
          >
            {t("objects.createDataset")}
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  );
}
