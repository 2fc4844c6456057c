import type { ReactNode } from "react";
import styles from "./chip.module.css";
import type { IconName } from "./icon";
import { Icon } from "./icon";

export const runStates = [
  "pending",
  "running",
  "finished",
  "failed",
  "crashed",
  "killed",
  "preempting",
  "preempted",
] as const;
export type RunState = (typeof runStates)[number];

const icons: Record<RunState, IconName | null> = {
  pending: "clock",
  running: null,
  finished: "check",
  failed: "close",
  crashed: "bolt",
  killed: "stop",
  preempting: "pause",
  preempted: "pause",
};

export function isRunState(state: string): state is RunState {
  return (runStates as readonly string[]).includes(state);
}

/** State of a run as icon and text, never by colour alone. */
export function StateChip({ state, label }: { state: string; label: string }) {
  const known = isRunState(state) ? state : "pending";
  return (
    <span className={`${styles.state} ${styles[known]}`}>
      <StateGlyph state={state} />
      {label}
    </span>
  );
}

/** The icon alone, for narrow lists; the label is its spoken name. */
export function StateGlyph({ state, label }: { state: string; label?: string }) {
  const known = isRunState(state) ? state : "pending";
  const icon = icons[known];
  return (
    <span className={`${styles.glyph} ${label ? styles[known] : ""}`} title={label}>
      {label && <span className="visually-hidden">{label}</span>}
      {icon ? <Icon name={icon} size={12} /> : <span className={styles.pulse} />}
    </span>
  );
}

export function Tag({ children, onRemove }: { children: ReactNode; onRemove?: ReactNode }) {
  return (
    <span className={styles.tag}>
      <span className="truncate">{children}</span>
      {onRemove}
    </span>
  );
}

export function Count({ children }: { children: ReactNode }) {
  return <span className={styles.count}>{children}</span>;
}

/** A name that points at a version; a lock says that only some may move it. */
export function Alias({
  children,
  locked,
  onRemove,
}: {
  children: ReactNode;
  /** What the lock means. */
  locked?: string;
  onRemove?: ReactNode;
}) {
  return (
    <span className={styles.alias}>
      {locked && (
        <span title={locked}>
          <span className="visually-hidden">{locked}</span>
          <Icon name="lock" size={11} />
        </span>
      )}
      <span className="truncate">{children}</span>
      {onRemove}
    </span>
  );
}
