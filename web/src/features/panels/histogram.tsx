import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import { rowsQuery } from "@/api/history";
import { Explore } from "@/charts/explore";
import { textOption, truthOption } from "@/features/charts/options";
import { Failure } from "@/features/failure";
import { gradient } from "@/lib/colors";
import { formatNumber } from "@/lib/format";
import type { LoggedHistogram } from "@/lib/histogram";
import { readHistogram } from "@/lib/histogram";
import { Select } from "@/ui/field";
import { Skeleton } from "@/ui/states";
import { useHandle } from "./handle";
import { Message } from "./message";
import styles from "./panels.module.css";
import type { PanelProps } from "./types";

/** Distributions over the steps of a run: darker where more values lie. */
export default function HistogramPanel({ panel, scope, onOptions }: PanelProps) {
  const { t } = useTranslation();
  const key = panel.keys[0] ?? "";
  const wanted = textOption(panel.options, "run");
  const run = scope.runs.find((each) => each.id === wanted) ?? scope.runs[0];
  const logColor = truthOption(panel.options, "logColor");
  const ref = useHandle(panel.id);
  const rows = useQuery({
    ...rowsQuery(scope.entity, scope.project, run?.id ?? "", key),
    enabled: run !== undefined && key !== "",
  });
  const steps = useMemo(
    () =>
      (rows.data ?? []).flatMap((row): { step: number; of: LoggedHistogram }[] => {
        const of = readHistogram(row.values[key]);
        return of ? [{ step: row.step, of }] : [];
      }),
    [rows.data, key],
  );
  const option = useMemo(() => {
    const cells = steps.flatMap(({ step, of }, index) => {
      const next = steps[index + 1]?.step ?? step + (step - (steps[index - 1]?.step ?? step - 1));
      return of.counts.map((count, bin) => [
        step,
        next,
        of.edges[bin] as number,
        of.edges[bin + 1] as number,
        count,
      ]);
    });
    const most = cells.reduce((top, cell) => Math.max(top, cell[4] as number), 0);
    const share = (count: number) =>
      logColor ? Math.log1p(count) / Math.log1p(most) : count / most;
    return {
      grid: { left: 8, right: 16, top: 12, bottom: 8, containLabel: true },
      tooltip: {
        trigger: "item",
        confine: true,
        formatter: ({ value }: { value: number[] }) =>
          [
            `${t("charts.step")} ${value[0]}`,
            `${formatNumber(value[2] ?? 0, 4)} … ${formatNumber(value[3] ?? 0, 4)}`,
            `<b>${formatNumber(value[4] ?? 0)}</b>`,
          ].join("<br>"),
      },
      xAxis: {
        type: "value",
        min: cells[0]?.[0],
        max: cells.at(-1)?.[1],
        splitLine: { show: false },
      },
      yAxis: { type: "value", scale: true, splitLine: { show: false } },
      series: [
        {
          type: "custom",
          encode: { x: [0, 1], y: [2, 3] },
          data: cells.filter((cell) => (cell[4] as number) > 0),
          renderItem: (
            _: unknown,
            api: {
              value: (dim: number) => number;
              coord: (at: [number, number]) => [number, number];
            },
          ) => {
            const [left, top] = api.coord([api.value(0), api.value(3)]);
            const [right, bottom] = api.coord([api.value(1), api.value(2)]);
            return {
              type: "rect",
              shape: {
                x: left,
                y: top,
                width: Math.max(1, right - left + 0.5),
                height: Math.max(1, bottom - top + 0.5),
              },
              style: { fill: gradient(share(api.value(4))) },
            };
          },
        },
      ],
    };
  }, [steps, logColor, t]);

  if (key === "") return <Message>{t("panels.chooseKey")}</Message>;
  if (!run) return <Message>{t("charts.noRuns")}</Message>;
  if (rows.isPending) return <Skeleton height="100%" />;
  if (rows.isError) {
    return <Failure compact title={t("charts.error")} error={rows.error} onRetry={rows.refetch} />;
  }
  return (
    <div className={styles.column}>
      {scope.runs.length > 1 && (
        <Select
          label={t("charts.run")}
          value={run.id}
          onChange={(event) => onOptions?.({ ...panel.options, run: event.target.value })}
        >
          {scope.runs.map((each) => (
            <option key={each.id} value={each.id}>
              {each.label}
            </option>
          ))}
        </Select>
      )}
      <div className={styles.grow}>
        {steps.length === 0 ? (
          <Message>{t("panels.noHistogram", { key, name: run.label })}</Message>
        ) : (
          <Explore
            ref={ref}
            option={option}
            label={t("panels.histogramLabel", { key, count: steps.length })}
          />
        )}
      </div>
    </div>
  );
}
