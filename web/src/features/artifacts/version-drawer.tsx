import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import type { CollectionAt } from "@/api/artifacts";
import { versionQuery } from "@/api/artifacts";
import { Failure } from "@/features/failure";
import type { ArtifactHome } from "@/lib/artifact-links";
import { versionHref } from "@/lib/artifact-links";
import { Button } from "@/ui/button";
import { Drawer } from "@/ui/dialog";
import { SkeletonRows } from "@/ui/states";
import styles from "./collection.module.css";
import { VersionMarks } from "./version-marks";
import { VersionOverview } from "./version-overview";

/** A version beside the table of versions. */
export function VersionDrawer({
  home,
  at,
  version,
  onClose,
}: {
  home: ArtifactHome;
  at: CollectionAt;
  /** Empty: none is open. */
  version: string;
  onClose: () => void;
}) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const query = useQuery({
    ...versionQuery({ ...at, version }),
    enabled: version !== "",
  });
  const found = query.data;
  return (
    <Drawer
      open={version !== ""}
      onOpen={(open) => !open && onClose()}
      title={`${at.collection}:${version}`}
      closeLabel={t("common.close")}
      width={560}
      extra={
        found && (
          <Button
            size="s"
            icon="expand"
            onClick={() =>
              navigate({
                to: versionHref(home, found.type, found.collection, found.index) as "/",
              })
            }
          >
            {t("table.fullPage")}
          </Button>
        )
      }
    >
      {query.isError && (
        <Failure title={t("artifacts.error")} error={query.error} onRetry={query.refetch} />
      )}
      {query.isPending && <SkeletonRows label={t("common.loading")} />}
      {found && (
        <div className={styles.drawer}>
          <VersionMarks home={home} version={found} />
          <VersionOverview home={home} version={found} narrow />
        </div>
      )}
    </Drawer>
  );
}
