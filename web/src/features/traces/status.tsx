import { useTranslation } from "react-i18next";
import type { Call } from "@/api/types";
import { Icon } from "@/ui/icon";
import styles from "./traces.module.css";

/** How a call went, as icon and spoken text. */
export function CallStatus({ call, words = false }: { call: Call; words?: boolean }) {
  const { t } = useTranslation();
  const label = t(`traces.status.${call.status}`);
  const icon = call.status === "success" ? "check" : call.status === "error" ? "close" : "warning";
  return (
    <span className={styles.status} data-status={call.status} title={label}>
      {call.status === "running" ? (
        <span className={styles.pulse} />
      ) : (
        <Icon name={icon} size={12} />
      )}
      <span className={words ? undefined : "visually-hidden"}>{label}</span>
    </span>
  );
}

/** “4.2 ms”, “1.30 s”: latencies are read to the millisecond. */
export function formatLatency(seconds: number | null): string {
  if (seconds === null) return "–";
  if (seconds < 1) return `${Number((seconds * 1000).toPrecision(3))} ms`;
  if (seconds < 100) return `${seconds.toFixed(2)} s`;
  return `${Math.round(seconds)} s`;
}

/** All tokens of a call. */
export function tokensOf(call: Call): number {
  return call.usage.reduce((sum, used) => sum + used.total_tokens, 0);
}
