import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { CollectionAt } from "@/api/artifacts";
import {
  artifactKeys,
  collectionDeletionQuery,
  deleteCollection,
  deleteVersion,
  versionDeletionQuery,
} from "@/api/artifacts";
import { lineageQuery } from "@/api/lineage";
import type { ArtifactCollection, ArtifactDeletion, ArtifactVersion } from "@/api/types";
import { useFailureToast } from "@/features/failure";
import { formatBytes } from "@/lib/format";
import { Button } from "@/ui/button";
import { Dialog, DialogActions } from "@/ui/dialog";
import { Checkbox, Field, Input } from "@/ui/field";
import { Notice, Skeleton } from "@/ui/states";
import { toast } from "@/ui/toast";
import { besides } from "./neighbours";
import styles from "./version.module.css";
import { placeOf } from "./version-marks";

interface DialogProps {
  open: boolean;
  onOpen: (open: boolean) => void;
  onDeleted: () => void;
}

/** Asks before a version is deleted: what it frees, what points at it, who uses it. */
export function DeleteVersion({ version, ...dialog }: DialogProps & { version: ArtifactVersion }) {
  const { t } = useTranslation();
  return (
    <Dialog
      open={dialog.open}
      onOpen={dialog.onOpen}
      title={t("artifacts.deleteVersionTitle", {
        name: `${version.collection}:v${version.index}`,
      })}
      closeLabel={t("common.close")}
    >
      <VersionBody version={version} {...dialog} />
    </Dialog>
  );
}

function VersionBody({ version, onOpen, onDeleted }: DialogProps & { version: ArtifactVersion }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const fail = useFailureToast();
  const { source } = version;
  // A linked version is deleted where it was made, with all its links.
  const at = source ? { ...source, version: `v${source.index}` } : placeOf(version);
  const [agreed, setAgreed] = useState(false);
  const dry = useQuery(versionDeletionQuery(at));
  const uses = useQuery(
    lineageQuery(at, {
      version: `${at.collection}:${at.version}`,
      direction: "down",
      depth: 1,
      expand: [],
    }),
  );
  const remove = useMutation({
    mutationFn: () => deleteVersion(at, { dryRun: false, withAliases: agreed }),
    onSuccess: (done) => {
      toast(t("artifacts.deleted", { size: formatBytes(done.bytes) }));
      onOpen(false);
      onDeleted();
      void client.invalidateQueries({ queryKey: artifactKeys.project(version) });
    },
    onError: fail,
  });
  const beside = uses.data && besides(uses.data, "down");
  const count = beside
    ? beside.nodes.length + beside.clusters.reduce((sum, one) => sum + one.count, 0)
    : 0;
  const guarded = version.aliases.length > 0;
  return (
    <div className={styles.dialog}>
      <Freed deletion={dry.data} />
      {count > 0 && <Notice kind="warning">{t("artifacts.deleteUsed", { count })}</Notice>}
      {guarded && (
        <Checkbox checked={agreed} onChecked={setAgreed}>
          <span>{t("artifacts.deleteAliases", { aliases: version.aliases.join(", ") })}</span>
        </Checkbox>
      )}
      <p className="muted">{t("artifacts.deleteText")}</p>
      <DialogActions>
        <Button onClick={() => onOpen(false)}>{t("common.cancel")}</Button>
        <Button
          variant="danger"
          icon="trash"
          busy={remove.isPending}
          disabled={guarded && !agreed}
          title={guarded && !agreed ? t("artifacts.deleteGuard") : undefined}
          onClick={() => remove.mutate()}
        >
          {t("common.delete")}
        </Button>
      </DialogActions>
    </div>
  );
}

/** What a dry run says. */
function Freed({ deletion }: { deletion: ArtifactDeletion | undefined }) {
  const { t } = useTranslation();
  if (!deletion) return <Skeleton width="70%" />;
  return (
    <p className={styles.freed}>
      <strong className="numeric">{formatBytes(deletion.bytes)}</strong>
      <span>{t("artifacts.freed", { count: deletion.versions })}</span>
    </p>
  );
}

/** Asks before an artifact is deleted with all its versions. */
export function DeleteCollection({
  at,
  collection,
  ...dialog
}: DialogProps & { at: CollectionAt; collection: ArtifactCollection }) {
  const { t } = useTranslation();
  return (
    <Dialog
      open={dialog.open}
      onOpen={dialog.onOpen}
      title={t("artifacts.deleteCollectionTitle", { name: collection.name })}
      closeLabel={t("common.close")}
    >
      <CollectionBody at={at} collection={collection} {...dialog} />
    </Dialog>
  );
}

function CollectionBody({
  at,
  collection,
  onOpen,
  onDeleted,
}: DialogProps & { at: CollectionAt; collection: ArtifactCollection }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const fail = useFailureToast();
  const [typed, setTyped] = useState("");
  const dry = useQuery(collectionDeletionQuery(at));
  const isPortfolio = collection.kind === "portfolio";
  const remove = useMutation({
    mutationFn: () => deleteCollection(at, false),
    onSuccess: (done) => {
      toast(t("artifacts.deleted", { size: formatBytes(done.bytes) }));
      onOpen(false);
      onDeleted();
      void client.invalidateQueries({ queryKey: artifactKeys.project(at) });
    },
    onError: fail,
  });
  return (
    <form
      className={styles.dialog}
      onSubmit={(event) => {
        event.preventDefault();
        remove.mutate();
      }}
    >
      {isPortfolio ? <p>{t("artifacts.deletePortfolio")}</p> : <Freed deletion={dry.data} />}
      <Field label={t("artifacts.typeName", { name: collection.name })}>
        {(id) => (
          <Input
            id={id}
            autoFocus
            value={typed}
            onChange={(event) => setTyped(event.target.value)}
          />
        )}
      </Field>
      <DialogActions>
        <Button onClick={() => onOpen(false)}>{t("common.cancel")}</Button>
        <Button
          type="submit"
          variant="danger"
          icon="trash"
          busy={remove.isPending}
          disabled={typed !== collection.name}
        >
          {t("common.delete")}
        </Button>
      </DialogActions>
    </form>
  );
}
