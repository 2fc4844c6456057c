import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { runQuery } from "@/api/runs";
import { Failure } from "@/features/failure";
import { RunOverview } from "@/features/run/overview";
import { RunStatus } from "@/features/run/status";
import { Button, IconButton } from "@/ui/button";
import { Drawer } from "@/ui/dialog";
import { SkeletonRows } from "@/ui/states";
import styles from "./runs.module.css";

/** A run beside the table. */
export function RunPreview({
  entity,
  project,
  run,
  baseline,
  onBaseline,
  onClose,
  onFull,
}: {
  entity: string;
  project: string;
  run: string | null;
  baseline: string | null;
  onBaseline: (run: string | null) => void;
  onClose: () => void;
  onFull: (run: string) => void;
}) {
  const { t } = useTranslation();
  const query = useQuery({ ...runQuery(entity, project, run ?? ""), enabled: run !== null });
  return (
    <Drawer
      open={run !== null}
      onOpen={(open) => !open && onClose()}
      width={640}
      title={query.data?.display_name ?? run ?? ""}
      closeLabel={t("common.close")}
      extra={
        run && (
          <>
            <IconButton
              icon="star"
              size="s"
              label={run === baseline ? t("table.noBaseline") : t("table.makeBaseline")}
              pressed={run === baseline}
              onClick={() => onBaseline(run === baseline ? null : run)}
            />
            <Button size="s" icon="external" onClick={() => onFull(run)}>
              {t("table.fullPage")}
            </Button>
          </>
        )
      }
    >
      {query.isPending && <SkeletonRows label={t("common.loading")} />}
      {query.isError && (
        <Failure title={t("run.error")} error={query.error} onRetry={query.refetch} />
      )}
      {query.data && (
        <div className={styles.preview}>
          <RunStatus run={query.data} />
          <RunOverview run={query.data} narrow />
        </div>
      )}
    </Drawer>
  );
}
