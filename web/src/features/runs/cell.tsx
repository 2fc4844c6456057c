import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import { useSeries } from "@/api/series";
import type { Run } from "@/api/types";
import { Sparkline } from "@/charts/sparkline";
import { Duration, Moment } from "@/features/moment";
import { goalOf } from "@/lib/axis";
import { runColor } from "@/lib/colors";
import { formatNumber, formatValue, readNumber } from "@/lib/format";
import { SPARK } from "@/lib/table-layout";
import { StateChip, Tag } from "@/ui/chip";
import { Icon } from "@/ui/icon";
import { useTheme } from "@/ui/use-theme";
import type { Column } from "./columns";
import styles from "./runs.module.css";
import { useStateLabel } from "./state";

/** One value of a run, as its column shows it; numbers beside those of the baseline. */
export function RunCell({
  run,
  column,
  baseline,
}: {
  run: Run;
  column: Column;
  baseline: Run | null;
}) {
  const { t } = useTranslation();
  const label = useStateLabel();
  const theme = useTheme();
  switch (column.id) {
    case "display_name":
      return (
        <span className={styles.name}>
          <i style={{ background: runColor(run.number, theme) }} />
          <span className="truncate" title={run.display_name}>
            {run.display_name}
          </span>
          {baseline?.id === run.id && (
            <span className={styles.baseline} title={t("table.baseline")}>
              <Icon name="star" size={12} />
            </span>
          )}
        </span>
      );
    case "state":
      return <StateChip state={run.state} label={label(run.state)} />;
    case "created_at":
      return <Moment at={run.created_at} />;
    case "duration":
      return <Duration run={run} />;
    case "tags":
      return (
        <span className={styles.tags}>
          {run.tags.map((tag) => (
            <Tag key={tag}>{tag}</Tag>
          ))}
        </span>
      );
  }
  if (column.id.startsWith(SPARK)) return <Course run={run} of={column.id.slice(SPARK.length)} />;
  const value = column.value(run);
  const number = readNumber(value);
  const text = formatValue(number ?? value);
  const compared = baseline && baseline.id !== run.id && !column.id.startsWith("config.");
  const other = compared ? readNumber(column.value(baseline)) : null;
  return (
    <span
      className={`truncate ${number !== null ? styles.number : ""} ${text === "–" ? "muted" : ""}`}
      title={text.length > 12 ? text : undefined}
    >
      {text}
      {number !== null && other !== null && (
        <Delta run={run} column={column.id} value={number} than={other} />
      )}
    </span>
  );
}

/** How much more or less than the baseline, and whether that is good. */
export function Delta({
  run,
  column,
  value,
  than,
}: {
  run: Run;
  column: string;
  value: number;
  than: number;
}) {
  const delta = value - than;
  if (!Number.isFinite(delta) || delta === 0) return null;
  const goal = goalOf(column, run.metrics);
  const better = goal && (goal === "minimize") === delta < 0;
  return (
    <span className={styles.delta} data-better={goal ? Boolean(better) : undefined}>
      {delta > 0 ? "+" : "−"}
      {formatNumber(Math.abs(delta), 3)}
    </span>
  );
}

/** A metric over the whole run in a few pixels; all rows in sight are asked for together. */
function Course({ run, of }: { run: Run; of: string }) {
  const { t } = useTranslation();
  const theme = useTheme();
  const { entity, project, id } = run;
  const request = useMemo(
    () => ({
      entity,
      project,
      runs: [id],
      keys: [of],
      stream: "history" as const,
      x: "step" as const,
      buckets: 100,
    }),
    [entity, project, id, of],
  );
  const series = useSeries(request);
  const buckets = series.data?.items[0];
  if (!buckets) return series.isLoading ? null : <span className="muted">–</span>;
  return (
    <Sparkline
      x={buckets.xLast}
      y={buckets.mean}
      width={104}
      height={24}
      color={runColor(run.number, theme)}
      label={t("table.course", { key: of })}
    />
  );
}

/** The colour behind a number between the extremes of its column. */
export function heatOf(value: unknown, range: [number, number] | undefined): string | undefined {
  const number = readNumber(value);
  if (!range || number === null || !Number.isFinite(number)) return undefined;
  const [low, high] = range;
  const share = high > low ? (number - low) / (high - low) : 0.5;
  return `color-mix(in srgb, var(--accent) ${Math.round(4 + share * 38)}%, transparent)`;
}
