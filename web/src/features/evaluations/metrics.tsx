import { useTranslation } from "react-i18next";
import type { EvaluationDetail, EvaluationMetric } from "@/api/evaluations";
import { Histogram } from "@/charts/score";
import { formatNumber } from "@/lib/format";
import { formatMean } from "@/lib/score";
import { Icon } from "@/ui/icon";
import { Blank, Card } from "@/ui/page";
import styles from "./evaluations.module.css";

const SHOWN = 8;
const MOST_LABELS = 20;

/** A card for each metric: its mean, how sure that is, and how its values lie. */
export function MetricCards({ evaluation }: { evaluation: EvaluationDetail }) {
  const { t } = useTranslation();
  if (evaluation.metrics.length === 0) {
    return (
      <Blank icon="chart" title={t("evaluations.noMetrics")}>
        {t("evaluations.noMetricsText")}
      </Blank>
    );
  }
  const sources = ["score", "output", "model"] as const;
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: keys can scroll it
    <section className={styles.cards} tabIndex={0} aria-label={t("evaluations.tab.metrics")}>
      {sources.map((source) => {
        const own = evaluation.metrics.filter(
          (metric) => metric.source === source && !isFreeText(metric),
        );
        if (own.length === 0) return null;
        return (
          <section key={source} aria-label={t(`evaluations.source.${source}`)}>
            <h2>{t(`evaluations.source.${source}`)}</h2>
            <div className={styles.grid}>
              {own.map((metric) => (
                <MetricCard key={metric.name} metric={metric} />
              ))}
            </div>
          </section>
        );
      })}
    </section>
  );
}

function MetricCard({ metric }: { metric: EvaluationMetric }) {
  const { t } = useTranslation();
  const format = (value: number) => formatMean(metric, value);
  return (
    <Card
      title={metric.label}
      actions={
        <span className="muted" title={t(`evaluations.direction.${metric.direction}`)}>
          <Icon name={metric.direction === "up" ? "arrowUp" : "arrowDown"} size={12} />
          <span className="visually-hidden">{t(`evaluations.direction.${metric.direction}`)}</span>
        </span>
      }
    >
      {metric.type !== "category" && (
        <p className={styles.figure}>
          <strong className="numeric">{formatMean(metric, metric.mean)}</strong>
          {metric.interval && (
            <span className={styles.interval} title={t("evaluations.intervalHint")}>
              {format(metric.interval.low)} – {format(metric.interval.high)}
            </span>
          )}
        </p>
      )}
      {isConstant(metric) && <p className={styles.small}>{t("evaluations.constant")}</p>}
      {metric.histogram && metric.type === "number" && !isConstant(metric) && (
        <Histogram
          edges={metric.histogram.edges}
          series={[{ name: metric.label, color: "var(--accent)", counts: metric.histogram.counts }]}
          label={t("evaluations.histogramOf", { metric: metric.label })}
          format={format}
        />
      )}
      {metric.counts && <Counts metric={metric} />}
      <p className={styles.small}>
        <span>{t("evaluations.rowsOf", { count: metric.rows })}</span>
        {metric.coverage < 1 && (
          <span className={styles.bad}>
            {t("evaluations.coverage", { percent: formatNumber(metric.coverage * 100, 3) })}
          </span>
        )}
        {metric.trial_std !== null && (
          <span>{t("evaluations.trialStd", { value: formatNumber(metric.trial_std, 2) })}</span>
        )}
        {metric.median !== null && metric.type === "number" && (
          <span>{t("evaluations.median", { value: format(metric.median) })}</span>
        )}
      </p>
      {metric.differs && metric.note && (
        <p className={styles.note}>
          <Icon name="info" size={13} /> {metric.note}
        </p>
      )}
    </Card>
  );
}

/** One value in all rows has no distribution to draw. */
function isConstant(metric: EvaluationMetric): boolean {
  if (metric.type !== "number" || !metric.interval || metric.rows < 2) return false;
  const { low, high } = metric.interval;
  // The interval is made of means, which are not exact.
  return high - low <= 1e-9 * Math.max(Math.abs(low), Math.abs(high));
}

/** What a model writes in its own words is no label: the rows show it. */
function isFreeText(metric: EvaluationMetric): boolean {
  const values = metric.counts?.length ?? 0;
  return metric.type === "category" && values > MOST_LABELS && values > metric.rows / 2;
}

function Counts({ metric }: { metric: EvaluationMetric }) {
  const { t } = useTranslation();
  const counts = metric.counts ?? [];
  // Texts that are nearly all different say little one by one.
  const shown = counts.length > metric.rows / 2 ? 3 : SHOWN;
  const all = counts.reduce((sum, { rows }) => sum + rows, 0) || 1;
  return (
    <ul className={styles.counts}>
      {counts.slice(0, shown).map(({ value, rows }) => (
        <li key={value}>
          <span className="truncate" title={value}>
            {value}
          </span>
          <span className={styles.share}>
            <i style={{ width: `${(rows / all) * 100}%` }} />
          </span>
          <span className="numeric">{rows.toLocaleString()}</span>
        </li>
      ))}
      {counts.length > shown && (
        <li className={styles.moreValues}>
          {t("evaluations.moreValues", { count: counts.length - shown })}
        </li>
      )}
    </ul>
  );
}
