import { useTranslation } from "react-i18next";
import type { Evaluation, EvaluationRef, MetricFigures } from "@/api/evaluations";
import { ReferenceLink } from "@/features/objects/category";
import { formatDuration } from "@/lib/format";
import type { MetricLike } from "@/lib/score";
import { formatMean } from "@/lib/score";
import { Icon } from "@/ui/icon";
import styles from "./evaluations.module.css";

/** How an evaluation stands, as icon and words. */
export function EvaluationStatus({
  evaluation,
  words = true,
}: {
  evaluation: Evaluation;
  words?: boolean;
}) {
  const { t } = useTranslation();
  const { status } = evaluation;
  const label = t(`evaluations.status.${status}`);
  const icon = status === "completed" ? "check" : status === "failed" ? "close" : "clock";
  return (
    <span className={styles.status} data-status={status} title={label}>
      {status === "running" ? <span className={styles.pulse} /> : <Icon name={icon} size={12} />}
      <span className={words ? undefined : "visually-hidden"}>{label}</span>
    </span>
  );
}

/** How far it is, and how long it will take. */
export function EvaluationProgress({ evaluation }: { evaluation: Evaluation }) {
  const { t, i18n } = useTranslation();
  const { done, failed, total, eta_s: eta } = evaluation.progress;
  const share = total ? Math.min(1, done / total) : evaluation.status === "completed" ? 1 : 0;
  const words = total
    ? t("evaluations.doneOf", { done, total })
    : t("evaluations.done", { count: done });
  return (
    <span className={styles.progress}>
      <span
        className={styles.track}
        role="progressbar"
        aria-label={words}
        aria-valuenow={Math.round(share * 100)}
      >
        <i style={{ width: `${share * 100}%` }} data-status={evaluation.status} />
      </span>
      <span className="numeric">{words}</span>
      {failed > 0 && (
        <span className={styles.bad}>{t("evaluations.failedTrials", { count: failed })}</span>
      )}
      {evaluation.status === "running" && eta !== null && (
        <span className="muted">
          {t("evaluations.left", { time: formatDuration(eta, i18n.language) })}
        </span>
      )}
    </span>
  );
}

/** A model, dataset or scorer as a link to its version. */
export function RefLink({ of }: { of: EvaluationRef | null }) {
  const { t } = useTranslation();
  if (!of) return <span className="muted">–</span>;
  return (
    <span className={styles.ref}>
      {of.kind === null || of.deleted ? (
        <span className="truncate" title={of.deleted ? t("evaluations.deleted") : of.ref}>
          {of.name}
        </span>
      ) : (
        <ReferenceLink text={of.ref} short />
      )}
      {of.version !== null && <span className={styles.version}>v{of.version}</span>}
    </span>
  );
}

export const nameOfRef = (of: EvaluationRef | null): string =>
  of ? (of.version === null ? of.name : `${of.name}:v${of.version}`) : "–";

/** “0.81 (0.76 – 0.86)”. */
export function Mean({ metric, figures }: { metric: MetricLike; figures: MetricFigures }) {
  return (
    <>
      <span className="numeric">{formatMean(metric, figures.mean)}</span>
      {figures.interval && (
        <span className={styles.interval}>
          {formatMean(metric, figures.interval.low)} – {formatMean(metric, figures.interval.high)}
        </span>
      )}
    </>
  );
}
