import { useTranslation } from "react-i18next";
import type { Run } from "@/api/types";
import { Duration, Moment } from "@/features/moment";
import { useStateLabel } from "@/features/runs/state";
import { StateChip, Tag } from "@/ui/chip";
import { Icon } from "@/ui/icon";
import styles from "./run.module.css";

/** State with its reason, how long, and when. */
export function RunStatus({ run, tags = true }: { run: Run; tags?: boolean }) {
  const { t } = useTranslation();
  const label = useStateLabel();
  const reason = [
    run.state_reason,
    run.exit_code !== null && run.exit_code !== 0
      ? t("run.exitCode", { code: run.exit_code })
      : null,
  ].filter((part) => part !== null && part !== "");
  return (
    <div className={styles.status}>
      <StateChip state={run.state} label={label(run.state)} />
      {run.stop_requested && run.state === "running" && (
        <span className={styles.reason}>{t("run.stopping")}</span>
      )}
      {reason.length > 0 && <span className={styles.reason}>{reason.join(" · ")}</span>}
      <span className={styles.fact} title={t("run.duration")}>
        <Icon name="clock" size={13} />
        <Duration run={run} />
      </span>
      <span className={styles.fact}>
        <Moment at={run.started_at ?? run.created_at} />
      </span>
      {tags && run.tags.map((tag) => <Tag key={tag}>{tag}</Tag>)}
    </div>
  );
}
