import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import type { Comparison, ComparisonMetric, MetricDelta } from "@/api/evaluations";
import { Explore } from "@/charts/explore";
import { Intervals, Radar } from "@/charts/score";
import { useParam } from "@/features/url";
import { formatNumber } from "@/lib/format";
import { formatDelta, formatMean, formatP, letterOf, normalised } from "@/lib/score";
import { frontier } from "@/lib/statistics";
import { Select } from "@/ui/field";
import { Card } from "@/ui/page";
import { Chip } from "./chip";
import styles from "./evaluations.module.css";
import { Mean } from "./parts";

interface Props {
  comparison: Comparison;
  colors: readonly string[];
}

/** Every metric of every evaluation, with the difference to the baseline and what to think of it. */
export function Summary({ comparison, colors }: Props) {
  const { t } = useTranslation();
  const numeric = comparison.metrics.filter((metric) => metric.type !== "category");
  const scores = numeric.filter((metric) => metric.source === "score");
  const drawn = (scores.length > 0 ? scores : numeric).slice(0, 12);
  const axes = (scores.length > 2 ? scores : numeric).slice(0, 12);
  const cost = numeric.some((metric) => metric.name === "latency");
  return (
    <>
      <div className={styles.pair}>
        {axes.length > 2 && (
          <Card title={t("evaluations.radar")}>
            <Radar
              axes={axes.map((metric) => metric.label)}
              series={comparison.evaluations.map((one, index) => ({
                name: `${letterOf(index)} ${one.name}`,
                color: colors[index] ?? "var(--accent)",
                values: axes.map((metric) => radius(metric)[index] ?? null),
              }))}
              label={t("evaluations.radarLabel")}
            />
            <p className={styles.small}>{t("evaluations.radarHint")}</p>
          </Card>
        )}
        <Card title={t("evaluations.bars")}>
          {drawn.map((metric) => (
            <section key={metric.name} className={styles.metricBars}>
              <h3>{metric.label}</h3>
              <Intervals
                label={metric.label}
                bars={metric.cells.map((cell, index) => ({
                  id: letterOf(index),
                  name: `${letterOf(index)} ${comparison.evaluations[index]?.name ?? ""}`,
                  color: colors[index] ?? "var(--accent)",
                  value: cell.mean,
                  low: cell.interval?.low ?? null,
                  high: cell.interval?.high ?? null,
                  text: formatMean(metric, cell.mean),
                  note: `n ${cell.rows.toLocaleString()}`,
                }))}
              />
            </section>
          ))}
        </Card>
        {cost && numeric.length > 1 && (
          <Pareto comparison={comparison} metrics={numeric} colors={colors} />
        )}
      </div>
      <Scorecard comparison={comparison} colors={colors} />
    </>
  );
}

/** Parts of the rows as they are, other numbers beside the best of those compared. */
function radius(metric: ComparisonMetric): (number | null)[] {
  const means = metric.cells.map((cell) => cell.mean);
  if (metric.type === "boolean" && metric.direction === "up") return means;
  return normalised(means, metric.direction === "down");
}

function Scorecard({ comparison, colors }: Props) {
  const { t } = useTranslation();
  const { metrics, evaluations, method } = comparison;
  return (
    <Card title={t("evaluations.scorecard")}>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: keys can scroll it */}
      <section className={styles.wide} tabIndex={0} aria-label={t("evaluations.scorecard")}>
        <table className={styles.list}>
          <thead>
            <tr>
              <th scope="col">{t("evaluations.metric")}</th>
              {evaluations.map((one, index) => (
                <th key={one.id} scope="col">
                  <span className={styles.letter} style={{ background: colors[index] }}>
                    {letterOf(index)}
                  </span>{" "}
                  {one.name}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {metrics.map((metric) => (
              <tr key={metric.name}>
                <th scope="row" title={metric.name}>
                  {metric.label}
                  <span className={styles.interval}>
                    {metric.direction === "down" && t("evaluations.lowerIsBetter")}
                  </span>
                </th>
                {metric.cells.map((cell, index) => (
                  <td key={letterOf(index)}>
                    {metric.type === "category" ? (
                      <span className="muted">
                        {(cell.counts ?? [])
                          .slice(0, 4)
                          .map(({ value, rows }) => `${value} ${rows}`)
                          .join(" · ") || "–"}
                      </span>
                    ) : (
                      <Mean metric={metric} figures={cell} />
                    )}
                    {cell.delta && <Delta metric={metric} delta={cell.delta} />}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </section>
      <p className={styles.small}>
        {t("evaluations.method", {
          alpha: method.alpha,
          resamples: method.resamples,
        })}
      </p>
    </Card>
  );
}

function Delta({ metric, delta }: { metric: ComparisonMetric; delta: MetricDelta }) {
  const { t } = useTranslation();
  if (delta.value === null) return <p className={styles.deltaText}>{delta.reason}</p>;
  if (metric.type === "category") {
    return (
      <p className={styles.deltaText}>
        {t("evaluations.agreement", { percent: formatNumber(delta.value * 100, 3) })}
      </p>
    );
  }
  const range = delta.interval
    ? ` [${formatDelta(metric, delta.interval.low)}, ${formatDelta(metric, delta.interval.high)}]`
    : "";
  const facts = [
    delta.test === "none" ? null : t(`evaluations.test.${delta.test}`),
    delta.p === null ? null : `p ${formatP(delta.p)}`,
    delta.p_adjusted === null ? null : t("evaluations.adjusted", { p: formatP(delta.p_adjusted) }),
    t("evaluations.pairs", { count: delta.pairs }),
    delta.effect && delta.effect.size !== "none"
      ? t(`evaluations.effect.${delta.effect.size}`)
      : null,
    delta.verdict === "undecided" && delta.needed_rows !== null
      ? t("evaluations.needed", { count: delta.needed_rows })
      : null,
  ].filter((fact) => fact !== null);
  return (
    <div className={styles.delta}>
      <span>
        <span className="numeric">{formatDelta(metric, delta.value)}</span>
        <span className={styles.interval}>{range}</span>
      </span>
      <Chip kind={delta.verdict} title={delta.reason}>
        {t(`evaluations.verdict.${delta.verdict}`)}
      </Chip>
      <span className={styles.deltaText} title={delta.reason}>
        {facts.join(" · ")}
      </span>
      <span className={styles.deltaText}>
        {t("evaluations.betterWorse", {
          better: delta.better,
          worse: delta.worse,
          equal: delta.equal,
        })}
      </span>
    </div>
  );
}

/** What quality costs in time and money; those that nothing beats are joined. */
function Pareto({ comparison, metrics, colors }: Props & { metrics: readonly ComparisonMetric[] }) {
  const { t } = useTranslation();
  const quality = metrics.filter((metric) => metric.source !== "model");
  const price = metrics.filter((metric) => metric.source === "model");
  const [y, setY] = useParam("y", quality[0]?.name ?? "");
  const [x, setX] = useParam("x", "latency");
  const up = quality.find((metric) => metric.name === y) ?? quality[0];
  const across = price.find((metric) => metric.name === x) ?? price[0];
  const cost = metrics.find((metric) => metric.name === "cost");
  const option = useMemo(() => {
    if (!up || !across) return null;
    const points = comparison.evaluations.flatMap((one, index) => {
      const [px, py] = [across.cells[index]?.mean, up.cells[index]?.mean];
      if (px === null || px === undefined || py === null || py === undefined) return [];
      return [{ name: `${letterOf(index)} ${one.name}`, index, at: [px, py] as [number, number] }];
    });
    const best = frontier(
      points.map(({ at }) => at),
      ["min", up.direction === "down" ? "min" : "max"],
    );
    const dearest = Math.max(...(cost?.cells.map((cell) => cell.mean ?? 0) ?? [0]));
    const format = (metric: ComparisonMetric) => (value: number) => formatMean(metric, value);
    return {
      grid: { left: 12, right: 24, top: 26, bottom: 30, containLabel: true },
      tooltip: { trigger: "item", confine: true },
      xAxis: {
        type: "value",
        name: across.label,
        nameLocation: "middle",
        nameGap: 26,
        axisLabel: { formatter: format(across) },
      },
      yAxis: {
        type: "value",
        scale: true,
        name: up.label,
        nameTextStyle: { align: "left" },
        axisLabel: { formatter: format(up) },
      },
      series: [
        {
          type: "scatter",
          data: points.map(({ name, index, at }) => ({
            name: letterOf(index),
            value: at,
            symbolSize: 12 + 18 * (dearest ? (cost?.cells[index]?.mean ?? 0) / dearest : 0),
            itemStyle: { color: colors[index], opacity: 0.85 },
            tooltip: {
              formatter: () =>
                `${asHtml(name)}<br>${asHtml(up.label)}: <b>${formatMean(up, at[1])}</b><br>${asHtml(across.label)}: <b>${formatMean(across, at[0])}</b>`,
            },
            label: { show: true, formatter: letterOf(index), color: "#fff", fontSize: 10 },
          })),
        },
        {
          type: "line",
          silent: true,
          symbol: "none",
          z: 1,
          step: "end",
          lineStyle: { width: 1.5, type: "dashed", color: "#d0743c" },
          data: best.map((index) => points[index]?.at).filter(Boolean),
        },
      ],
    };
  }, [comparison, up, across, cost, colors]);
  if (!option || !up || !across) return null;
  return (
    <Card
      title={t("evaluations.pareto")}
      actions={
        <>
          <Select
            label={t("evaluations.quality")}
            value={up.name}
            onChange={(event) => setY(event.target.value)}
          >
            {quality.map((metric) => (
              <option key={metric.name} value={metric.name}>
                {metric.label}
              </option>
            ))}
          </Select>
          <Select
            label={t("evaluations.price")}
            value={across.name}
            onChange={(event) => setX(event.target.value)}
          >
            {price.map((metric) => (
              <option key={metric.name} value={metric.name}>
                {metric.label}
              </option>
            ))}
          </Select>
        </>
      }
    >
      <div className={styles.plot}>
        <Explore
          option={option}
          label={t("evaluations.paretoLabel", { quality: up.label, price: across.label })}
        />
      </div>
      <p className={styles.small}>{t("evaluations.paretoHint")}</p>
    </Card>
  );
}

/** Names come from programs; a tooltip is HTML. */
function asHtml(text: string): string {
  return text.replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);
}
