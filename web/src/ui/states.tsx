import type { CSSProperties, ReactNode } from "react";
import { Button } from "./button";
import type { IconName } from "./icon";
import { Icon } from "./icon";
import styles from "./states.module.css";

export function Skeleton({
  width = "100%",
  height = 14,
  style,
}: {
  width?: number | string;
  height?: number | string;
  style?: CSSProperties;
}) {
  return (
    <span className={styles.skeleton} style={{ width, height, ...style }} aria-hidden="true" />
  );
}

export function SkeletonRows({ rows = 8, label }: { rows?: number; label: string }) {
  const widths = ["72%", "54%", "63%", "81%", "47%", "69%"];
  return (
    <div className={styles.rows} role="status" aria-label={label}>
      {Array.from({ length: rows }, (_, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: rows are alike and never move
        <Skeleton key={index} width={widths[index % widths.length]} />
      ))}
    </div>
  );
}

export function EmptyState({
  icon = "info",
  title,
  children,
  action,
  compact,
}: {
  icon?: IconName;
  title: string;
  children?: ReactNode;
  action?: ReactNode;
  compact?: boolean;
}) {
  return (
    <div className={`${styles.empty} ${compact ? styles.compact : ""}`}>
      <span className={styles.badge}>
        <Icon name={icon} size={20} />
      </span>
      <h3>{title}</h3>
      {children && <div className={styles.text}>{children}</div>}
      {action}
    </div>
  );
}

export function ErrorState({
  title,
  message,
  hint,
  retryLabel,
  onRetry,
  compact,
}: {
  title: string;
  message?: string;
  hint?: string | null;
  retryLabel?: string;
  onRetry?: () => void;
  compact?: boolean;
}) {
  return (
    <div className={`${styles.empty} ${compact ? styles.compact : ""}`} role="alert">
      <span className={`${styles.badge} ${styles.bad}`}>
        <Icon name="warning" size={20} />
      </span>
      <h3>{title}</h3>
      {message && <p className={styles.text}>{message}</p>}
      {hint && <p className={styles.text}>{hint}</p>}
      {onRetry && (
        <Button icon="refresh" onClick={onRetry}>
          {retryLabel}
        </Button>
      )}
    </div>
  );
}

export function Notice({
  kind = "info",
  children,
}: {
  kind?: "info" | "warning" | "danger" | "success";
  children: ReactNode;
}) {
  return (
    <div
      className={`${styles.notice} ${styles[kind]}`}
      role={kind === "danger" ? "alert" : "status"}
    >
      <Icon name={kind === "info" ? "info" : kind === "success" ? "check" : "warning"} />
      <div>{children}</div>
    </div>
  );
}
