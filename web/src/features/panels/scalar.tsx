import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import { textOption } from "@/features/charts/options";
import { goalOf } from "@/lib/axis";
import { formatNumber } from "@/lib/format";
import { deviation, mean, sorted } from "@/lib/statistics";
import { Message } from "./message";
import styles from "./panels.module.css";
import type { PanelProps } from "./types";
import { knownRuns, numberOf, shortField, usualMetric } from "./values";

/** One number over the runs that are shown, and how far it is from the baseline. */
export default function ScalarPanel({ panel, scope, onOpenRun }: PanelProps) {
  const { t } = useTranslation();
  const runs = useMemo(() => knownRuns(scope), [scope]);
  const metric = textOption(panel.options, "metric", usualMetric(runs));
  const goal = goalOf(
    metric,
    runs.flatMap((run) => run.metrics),
  );
  const how = textOption(panel.options, "show", goal === "maximize" ? "max" : "min");
  if (metric === "") return <Message>{t("panels.chooseMetric")}</Message>;
  const values = runs.flatMap((each) => {
    const value = numberOf(each.run, metric);
    return value === null ? [] : [{ each, value }];
  });
  if (values.length === 0) return <Message>{t("charts.emptyPanel")}</Message>;
  const rising = sorted(values.map(({ value }) => value));
  const shown =
    how === "mean"
      ? mean(rising)
      : how === "max"
        ? (rising.at(-1) as number)
        : (rising[0] as number);
  const of = how === "mean" ? null : values.find(({ value }) => value === shown)?.each;
  const baseline = values.find(({ each }) => each.baseline);
  const delta = baseline ? shown - baseline.value : 0;
  const better = goal ? (goal === "minimize") === delta < 0 : undefined;
  return (
    <div className={styles.scalar}>
      <span className={styles.big}>{formatNumber(shown, 5)}</span>
      {how === "mean" && rising.length > 1 && (
        <span className="muted">± {formatNumber(deviation(rising), 3)}</span>
      )}
      {baseline && delta !== 0 && (
        <span className={styles.delta} data-better={better}>
          {delta > 0 ? "+" : "−"}
          {formatNumber(Math.abs(delta), 3)} {t("panels.toBaseline")}
        </span>
      )}
      <span className={styles.of}>
        {t(`panels.show.${how as "min" | "max" | "mean"}`)} · {shortField(metric)} ·{" "}
        {t("panels.ofRuns", { count: values.length })}
      </span>
      {of && (
        <button type="button" className={styles.ofRun} onClick={() => onOpenRun(of.id)}>
          <i style={{ background: of.color }} />
          <span className="truncate">{of.label}</span>
        </button>
      )}
    </div>
  );
}
