import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import type { VersionAt } from "@/api/artifacts";
import { artifactKeys, unlinkVersion } from "@/api/artifacts";
import { useFailureToast } from "@/features/failure";
import { Button } from "@/ui/button";
import { Dialog, DialogActions } from "@/ui/dialog";

/** Asks before a link is taken away; the version stays where it was made. */
export function UnlinkVersion({
  at,
  open,
  onOpen,
  onDone,
}: {
  at: VersionAt;
  open: boolean;
  onOpen: (open: boolean) => void;
  onDone: () => void;
}) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const fail = useFailureToast();
  const unlink = useMutation({
    mutationFn: () => unlinkVersion(at),
    onSuccess: () => {
      onOpen(false);
      onDone();
      void client.invalidateQueries({ queryKey: artifactKeys.project(at) });
    },
    onError: fail,
  });
  return (
    <Dialog
      open={open}
      onOpen={onOpen}
      title={t("artifacts.unlinkTitle", { name: `${at.collection}:${at.version}` })}
      closeLabel={t("common.close")}
    >
      <p>{t("artifacts.unlinkText")}</p>
      <DialogActions>
        <Button onClick={() => onOpen(false)}>{t("common.cancel")}</Button>
        <Button variant="danger" busy={unlink.isPending} onClick={() => unlink.mutate()}>
          {t("artifacts.unlink")}
        </Button>
      </DialogActions>
    </Dialog>
  );
}
