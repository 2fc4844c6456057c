import { useQuery } from "@tanstack/react-query";
import { useEffect, useMemo, useRef } from "react";
import { useTranslation } from "react-i18next";
import type { Comparison, ComparisonMetric } from "@/api/evaluations";
import { metricValuesQuery } from "@/api/evaluations";
import { Explore } from "@/charts/explore";
import { Histogram } from "@/charts/score";
import { useParam } from "@/features/url";
import type { Brush } from "@/lib/score";
import { fieldOf, formatMean, letterOf } from "@/lib/score";
import { Select } from "@/ui/field";
import { Card } from "@/ui/page";
import styles from "./evaluations.module.css";
import type { BrushController } from "./use-brush";

interface Props {
  at: { entity: string; project: string };
  ids: readonly string[];
  comparison: Comparison;
  colors: readonly string[];
  brush: BrushController;
}

/** How the values of a metric lie; what is chosen in a chart are the rows that are shown. */
export function Charts({ at, ids, comparison, colors, brush }: Props) {
  const { t } = useTranslation();
  const numbers = comparison.metrics.filter((metric) => metric.type === "number");
  const [name, setName] = useParam("metric", numbers[0]?.name ?? "");
  const metric = numbers.find((one) => one.name === name) ?? numbers[0];
  if (!metric) return null;
  const choose = (next: string) => {
    brush.clear();
    setName(next);
  };
  return (
    <div className={styles.charts}>
      <Card
        title={t("evaluations.distribution")}
        actions={
          <Select
            label={t("evaluations.metric")}
            value={metric.name}
            onChange={(event) => choose(event.target.value)}
          >
            {numbers.map((one) => (
              <option key={one.name} value={one.name}>
                {one.label}
              </option>
            ))}
          </Select>
        }
      >
        {metric.cells.map((cell, index) => {
          const field = `${letterOf(index)}.${fieldOf(metric.name)}`;
          const own = brush.brushes.find((one) => one.field === field);
          return (
            cell.histogram && (
              <div key={field} className={styles.oneHistogram}>
                <span className={styles.letter} style={{ background: colors[index] }}>
                  {letterOf(index)}
                </span>
                <Histogram
                  edges={cell.histogram.edges}
                  series={[
                    {
                      name: field,
                      color: colors[index] ?? "var(--accent)",
                      counts: cell.histogram.counts,
                    },
                  ]}
                  label={t("evaluations.histogramOf", {
                    metric: `${letterOf(index)} ${metric.label}`,
                  })}
                  format={(value) => formatMean(metric, value)}
                  height={40}
                  chosen={own ? [own.low, own.high] : null}
                  onChoose={(range) =>
                    brush.put([
                      ...brush.brushes.filter((one) => one.field !== field),
                      ...(range ? [{ field, low: range[0], high: range[1] }] : []),
                    ])
                  }
                />
              </div>
            )
          );
        })}
        <p className={styles.small}>{t("evaluations.brushHint")}</p>
      </Card>
      {ids.length > 1 && (
        <Scatter at={at} ids={ids} metric={metric} colors={colors} brush={brush} />
      )}
    </div>
  );
}

interface EChart {
  dispatchAction: (action: Record<string, unknown>) => void;
  on: (event: string, act: (event: never) => void) => void;
}

function Scatter({
  at,
  ids,
  metric,
  colors,
  brush,
}: Omit<Props, "comparison"> & { metric: ComparisonMetric }) {
  const { t } = useTranslation();
  const [against, setAgainst] = useParam("against", "B");
  const other = Math.max(1, Math.min(ids.length - 1, against.charCodeAt(0) - 65));
  const values = useQuery(metricValuesQuery(at.entity, at.project, ids, [metric.name]));
  const [fieldX, fieldY] = [
    `A.${fieldOf(metric.name)}`,
    `${letterOf(other)}.${fieldOf(metric.name)}`,
  ];
  const points = useMemo(() => {
    const columns = values.data?.values[metric.name] ?? [];
    return (columns[0] ?? []).flatMap((x, index): [number, number][] => {
      const y = columns[other]?.[index];
      return typeof x === "number" && typeof y === "number" ? [[x, y]] : [];
    });
  }, [values.data, metric.name, other]);
  const option = useMemo(() => {
    const all = points.flat();
    const [low, high] = [Math.min(...all), Math.max(...all)];
    const format = (value: number) => formatMean(metric, value);
    const axis = { type: "value", scale: true, axisLabel: { formatter: format } };
    return {
      grid: { left: 12, right: 20, top: 24, bottom: 28, containLabel: true },
      brush: { toolbox: [], xAxisIndex: 0, yAxisIndex: 0, outOfBrush: { colorAlpha: 0.25 } },
      xAxis: { ...axis, name: `A ${metric.label}`, nameLocation: "middle", nameGap: 24 },
      yAxis: {
        ...axis,
        name: `${letterOf(other)} ${metric.label}`,
        nameTextStyle: { align: "left" },
      },
      series: [
        {
          type: "scatter",
          symbolSize: points.length > 2_000 ? 4 : 8,
          large: points.length > 5_000,
          data: points,
          itemStyle: { color: colors[other], opacity: 0.6 },
        },
        {
          type: "line",
          silent: true,
          symbol: "none",
          z: 1,
          lineStyle: { width: 1, type: "dashed", color: "#8b93a5" },
          data: [
            [low, low],
            [high, high],
          ],
        },
      ],
    };
  }, [points, metric, other, colors]);
  const chart = useRef<EChart | null>(null);
  const latest = useRef({ brush, fieldX, fieldY });
  latest.current = { brush, fieldX, fieldY };
  const own = (field: string) => brush.brushes.find((one) => one.field === field);
  const [x, y] = [own(fieldX), own(fieldY)];
  const range = x && y ? JSON.stringify([x.low, x.high, y.low, y.high]) : "";
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new option has lost its brush
  useEffect(() => {
    chart.current?.dispatchAction({
      type: "takeGlobalCursor",
      key: "brush",
      brushOption: { brushType: "rect", brushMode: "single" },
    });
    const [x0, x1, y0, y1] = range ? (JSON.parse(range) as number[]) : [];
    chart.current?.dispatchAction({
      type: "brush",
      areas: range
        ? [
            {
              brushType: "rect",
              xAxisIndex: 0,
              yAxisIndex: 0,
              coordRange: [
                [x0, x1],
                [y0, y1],
              ],
            },
          ]
        : [],
    });
  }, [option, range]);
  const ready = (made: unknown) => {
    chart.current = made as EChart;
    chart.current.on("brushEnd", (event: never) => {
      const { areas } = event as { areas: { coordRange: [[number, number], [number, number]] }[] };
      const area = areas[0];
      const { brush: now, fieldX: fx, fieldY: fy } = latest.current;
      const rest = now.brushes.filter((one) => one.field !== fx && one.field !== fy);
      if (!area) {
        now.put(rest);
        return;
      }
      const [[left, right], [bottom, top]] = area.coordRange;
      const chosen: Brush[] = [
        { field: fx, low: left, high: right },
        { field: fy, low: bottom, high: top },
      ];
      now.put([...rest, ...chosen]);
    });
  };
  return (
    <Card
      title={t("evaluations.scatter")}
      actions={
        ids.length > 2 && (
          <Select
            label={t("evaluations.against")}
            value={letterOf(other)}
            onChange={(event) => {
              brush.clear();
              setAgainst(event.target.value);
            }}
          >
            {ids.slice(1).map((id, index) => (
              <option key={id}>{letterOf(index + 1)}</option>
            ))}
          </Select>
        )
      }
    >
      <div className={styles.plot}>
        <Explore
          option={option}
          onReady={ready}
          label={t("evaluations.scatterLabel", {
            metric: metric.label,
            other: letterOf(other),
            count: points.length,
          })}
        />
      </div>
    </Card>
  );
}
