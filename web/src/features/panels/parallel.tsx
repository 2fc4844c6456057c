import type { ECharts } from "echarts/core";
import { useMemo, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { Explore } from "@/charts/explore";
import { listOption, textOption } from "@/features/charts/options";
import { gradient } from "@/lib/colors";
import { columnValue } from "@/lib/columns";
import { formatNumber, formatValue } from "@/lib/format";
import { Button } from "@/ui/button";
import { useTheme } from "@/ui/use-theme";
import { useHandle } from "./handle";
import { Message } from "./message";
import styles from "./panels.module.css";
import type { PanelProps } from "./types";
import { knownRuns, numberOf, shortField, usualMetric, varyingConfig } from "./values";

const AXES = 7;
/** Lines get thinner as there are more of them. */
const MANY = 200;

/** Settings and results as axes, a run as a line; brushing an axis keeps the runs inside. */
export default function ParallelPanel({ panel, scope, large, onKeep, onOpenRun }: PanelProps) {
  const { t } = useTranslation();
  const theme = useTheme();
  const runs = useMemo(() => knownRuns(scope), [scope]);
  const chosen = listOption(panel.options, "axes");
  const metric = textOption(panel.options, "color", usualMetric(runs));
  const log = listOption(panel.options, "log");
  const flipped = listOption(panel.options, "flip");
  const usual = [
    ...varyingConfig(runs)
      .slice(0, AXES - 1)
      .map((path) => `config.${path}`),
    ...(metric ? [metric] : []),
  ];
  const fields = chosen.length > 0 ? chosen : usual;
  const [kept, setKept] = useState<readonly string[] | null>(null);
  const chart = useRef<ECharts | null>(null);
  const ref = useHandle(panel.id);
  const key = JSON.stringify([fields, log, flipped]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: the key says which axes there are
  const option = useMemo(() => {
    const label = theme === "dark" ? "#b3bac9" : "#474e5d";
    const shades = runs.map(({ run }) => (metric ? numberOf(run, metric) : null));
    const given = shades.filter((shade) => shade !== null);
    const [low, high] = [Math.min(...given), Math.max(...given)];
    const axes = fields.map((field, dim) => {
      const values = runs.map(({ run }) => columnValue(run, field));
      const numbers = runs.map(({ run }) => numberOf(run, field));
      const numeric = values.every(
        (value, index) => value === undefined || value === null || numbers[index] !== null,
      );
      const isLog = numeric && log.includes(field) && numbers.every((n) => n === null || n > 0);
      const categories = [...new Set(values.map(formatValue))].sort();
      return {
        dim,
        numeric,
        axis: {
          dim,
          name: shortField(field),
          inverse: flipped.includes(field),
          nameTextStyle: { color: label, fontSize: 11 },
          nameTruncate: { maxWidth: 110, ellipsis: "…" },
          axisLabel: {
            color: label,
            fontSize: 10,
            padding: [1, 3],
            borderRadius: 3,
            backgroundColor:
              theme === "dark" ? "rgba(20, 24, 33, 0.8)" : "rgba(255, 255, 255, 0.8)",
            ...(numeric ? { formatter: (value: number) => formatNumber(value, 3) } : {}),
          },
          areaSelectStyle: { width: 18, color: "#5b6ee8", opacity: 0.25, borderColor: "#5b6ee8" },
          ...(numeric
            ? {
                type: isLog ? "log" : "value",
                scale: true,
                ...(numbers.every((n) => n === null || Number.isInteger(n))
                  ? { minInterval: 1 }
                  : {}),
              }
            : { type: "category", data: categories }),
        },
      };
    });
    return {
      parallel: { left: 36, right: 60, top: 42, bottom: large ? 40 : 18 },
      parallelAxis: axes.map(({ axis }) => axis),
      tooltip: {
        confine: true,
        formatter: ({ name }: { name: string }) =>
          name.replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`),
      },
      series: [
        {
          type: "parallel",
          smooth: 0.25,
          lineStyle: {
            width: runs.length > MANY ? 1 : 1.6,
            opacity: runs.length > MANY ? 0.3 : 0.7,
          },
          inactiveOpacity: 0.05,
          activeOpacity: 0.9,
          emphasis: { lineStyle: { width: 3, opacity: 1 } },
          data: runs.map(({ run, id, label: name, color }, index) => {
            const shade = shades[index] ?? null;
            return {
              name,
              id,
              value: axes.map(({ numeric, dim }) => {
                const field = fields[dim] ?? "";
                return numeric
                  ? (numberOf(run, field) ?? "-")
                  : formatValue(columnValue(run, field));
              }),
              lineStyle: {
                color:
                  shade === null
                    ? color
                    : gradient(high > low ? (shade - low) / (high - low) : 0.5),
              },
            };
          }),
        },
      ],
    };
  }, [runs, key, metric, theme, large]);

  if (runs.length === 0 || fields.length < 2) return <Message>{t("panels.fewAxes")}</Message>;
  const listen = (made: ECharts) => {
    chart.current = made;
    made.on("axisareaselected", () => {
      const series = (
        made as unknown as {
          getModel(): { getSeries(): { getRawIndicesByActiveState(state: string): number[] }[] };
        }
      )
        .getModel()
        .getSeries()[0];
      const active = series?.getRawIndicesByActiveState("active") ?? [];
      const inactive = series?.getRawIndicesByActiveState("inactive") ?? [];
      setKept(inactive.length === 0 ? null : active.flatMap((index) => runs[index]?.id ?? []));
    });
  };
  return (
    <>
      <Explore
        ref={ref}
        option={option}
        onReady={listen}
        label={t("panels.parallelLabel", {
          axes: fields.map(shortField).join(", "),
          count: runs.length,
        })}
        onClick={({ data }) => {
          const id = (data as { id?: string } | undefined)?.id;
          if (id) onOpenRun(id);
        }}
      />
      {kept && (
        <div className={styles.kept} role="status">
          {t("panels.brushed", { count: kept.length, total: runs.length })}
          {onKeep && kept.length > 0 && (
            <Button size="s" onClick={() => onKeep(kept)}>
              {t("panels.keep")}
            </Button>
          )}
        </div>
      )}
      {large && metric && (
        <Message corner>{t("panels.colouredBy", { field: shortField(metric) })}</Message>
      )}
    </>
  );
}
