import { useMutation } from "@tanstack/react-query";
import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import type { ObjectAt } from "@/api/objects";
import { publishDataset } from "@/api/objects";
import type { ObjectVersionDetail } from "@/api/types";
import { useMessageOf } from "@/features/failure";
import type { SheetEdits, SheetRow } from "@/lib/sheet";
import { changesOf } from "@/lib/sheet";
import { Button } from "@/ui/button";
import { Dialog, DialogActions } from "@/ui/dialog";
import { Notice } from "@/ui/states";
import styles from "./objects.module.css";
import { RowDifference } from "./row-difference";

/** What the new version changes, before it is published. */
export function PublishRows({
  at,
  version,
  edits,
  stored,
  onPublished,
  onDone,
}: {
  at: ObjectAt;
  version: ObjectVersionDetail;
  edits: SheetEdits;
  stored: (index: number) => SheetRow | undefined;
  onPublished: (made: ObjectVersionDetail) => void;
  onDone: () => void;
}) {
  const { t } = useTranslation();
  const messageOf = useMessageOf();
  const difference = useMemo(
    () => changesOf(edits, version.rows ?? 0, stored),
    [edits, version.rows, stored],
  );
  const publish = useMutation({
    mutationFn: () =>
      publishDataset(at, at.name, {
        base: version.digest,
        after: version.latest ? version.digest : null,
        replaced: edits.replaced as Record<string, SheetRow>,
        removed: [...edits.removed],
        added: [...edits.added],
      }),
    onSuccess: onPublished,
  });
  return (
    <Dialog
      open
      onOpen={(open) => !open && onDone()}
      title={t("objects.publishTitle", { name: at.name })}
      closeLabel={t("common.close")}
      width={860}
    >
      <div className={styles.form}>
        {!version.latest && (
          <Notice kind="warning">{t("objects.notLatest", { version: `v${version.index}` })}</Notice>
        )}
        <RowDifference home={at} difference={difference} />
        {publish.isError && <Notice kind="danger">{messageOf(publish.error)}</Notice>}
      </div>
      <DialogActions>
        <Button onClick={onDone}>{t("common.cancel")}</Button>
        <Button variant="primary" busy={publish.isPending} onClick={() => publish.mutate()}>
          {t("objects.publish")}
        </Button>
      </DialogActions>
    </Dialog>
  );
}
