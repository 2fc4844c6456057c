import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import { Explore } from "@/charts/explore";
import { textOption, truthOption } from "@/features/charts/options";
import { gradient } from "@/lib/colors";
import { columnValue } from "@/lib/columns";
import { formatNumber, formatValue } from "@/lib/format";
import type { Goal } from "@/lib/statistics";
import { frontier, regression } from "@/lib/statistics";
import { useHandle } from "./handle";
import { Message } from "./message";
import type { PanelProps } from "./types";
import { knownRuns, numberOf, shortField, usualMetric, varyingConfig } from "./values";

/** A run as a point, with the best of all and the line through them. */
export default function ScatterPanel({ panel, scope, large, onOpenRun }: PanelProps) {
  const { t } = useTranslation();
  const runs = useMemo(() => knownRuns(scope), [scope]);
  const { options } = panel;
  const y = textOption(options, "y", usualMetric(runs));
  const first = varyingConfig(runs).find((path) =>
    runs.some(({ run }) => numberOf(run, `config.${path}`) !== null),
  );
  const x = textOption(options, "x", first ? `config.${first}` : "duration");
  const color = textOption(options, "color");
  const pareto = textOption(options, "frontier", "none");
  const line = truthOption(options, "regression");
  const [logX, logY] = [truthOption(options, "logX"), truthOption(options, "logY")];
  const ref = useHandle(panel.id);

  const { option, missing } = useMemo(() => {
    const points = runs.flatMap((each) => {
      const [px, py] = [numberOf(each.run, x), numberOf(each.run, y)];
      if (px === null || py === null || (logX && px <= 0) || (logY && py <= 0)) return [];
      return [{ each, at: [px, py] as [number, number] }];
    });
    const shades = points.map(({ each }) => (color ? numberOf(each.run, color) : null));
    const given = shades.filter((shade) => shade !== null);
    const [low, high] = [Math.min(...given), Math.max(...given)];
    const text = (each: (typeof points)[number]["each"], field: string) =>
      formatValue(columnValue(each.run, field));
    const ats = points.map(({ at }) => at);
    const inLog = ats.map(([a, b]): [number, number] => [
      logX ? Math.log10(a) : a,
      logY ? Math.log10(b) : b,
    ]);
    const fit = line ? regression(inLog) : null;
    const back = ([a, b]: [number, number]): [number, number] => [
      logX ? 10 ** a : a,
      logY ? 10 ** b : b,
    ];
    const places = fit ? spread(inLog.map(([a]) => a)) : [];
    const along = (offset: (at: number) => number) =>
      places.map((a) => back([a, (fit?.intercept ?? 0) + (fit?.slope ?? 0) * a + offset(a)]));
    const goals = pareto.split(",") as [Goal, Goal];
    const best = pareto === "none" ? [] : frontier(ats, goals).map((index) => ats[index]);
    const plain = { type: "line", silent: true, symbol: "none", z: 1 } as const;
    return {
      missing: runs.length - points.length,
      option: {
        grid: { left: 8, right: 18, top: 22, bottom: 24, containLabel: true },
        tooltip: {
          trigger: "item",
          confine: true,
          formatter: ({ dataIndex }: { dataIndex: number }) => {
            const point = points[dataIndex];
            if (!point) return "";
            const rows = [x, y, ...(color ? [color] : [])].map(
              (field) => `${asHtml(shortField(field))}: <b>${asHtml(text(point.each, field))}</b>`,
            );
            return [`<b>${asHtml(point.each.label)}</b>`, ...rows].join("<br>");
          },
        },
        xAxis: {
          type: logX ? "log" : "value",
          scale: true,
          name: shortField(x),
          nameLocation: "middle",
          nameGap: 24,
        },
        yAxis: {
          type: logY ? "log" : "value",
          scale: true,
          name: shortField(y),
          nameGap: 8,
          nameTextStyle: { align: "left" },
        },
        series: [
          {
            type: "scatter",
            symbolSize: large ? 11 : 9,
            data: points.map(({ each, at }, index) => {
              const shade = shades[index];
              const share =
                shade === null || shade === undefined || high === low
                  ? 0.5
                  : (shade - low) / (high - low);
              return {
                value: at,
                id: each.id,
                itemStyle: {
                  color: color && shade !== null ? gradient(share) : each.color,
                  opacity: 0.86,
                  // The ends of the scale are as dark as one theme and as light as the other.
                  borderWidth: each.baseline ? 2 : 0.8,
                  borderColor: each.baseline ? "#f0a020" : "#8a94a8",
                },
              };
            }),
          },
          ...(best.length > 0
            ? [
                {
                  ...plain,
                  data: best,
                  step: "end",
                  lineStyle: { width: 1.5, type: "dashed", color: "#d0743c" },
                },
              ]
            : []),
          ...(fit
            ? [
                { ...plain, data: along(() => 0), lineStyle: { width: 1.5, color: "#6b7ae0" } },
                ...[1, -1].map((sign) => ({
                  ...plain,
                  data: along((at) => sign * fit.margin(at)),
                  lineStyle: { width: 1, type: "dotted", color: "#6b7ae0" },
                })),
              ]
            : []),
        ],
      },
    };
  }, [runs, x, y, color, pareto, line, logX, logY, large]);

  if (runs.length === missing)
    return <Message>{t("panels.noValues", { x: shortField(x), y: shortField(y) })}</Message>;
  const best = pareto === "none" ? "" : t("panels.frontier");
  return (
    <>
      <Explore
        ref={ref}
        option={option}
        label={t("panels.scatterLabel", {
          x: shortField(x),
          y: shortField(y),
          count: runs.length - missing,
          best,
        })}
        onClick={({ data }) => {
          const id = (data as { id?: string } | undefined)?.id;
          if (id) onOpenRun(id);
        }}
      />
      {missing > 0 && <Message corner>{t("panels.missing", { count: missing })}</Message>}
      {color && large && (
        <Message corner>{`${shortField(color)}: ${rangeOf(runs, color)}`}</Message>
      )}
    </>
  );
}

function rangeOf(runs: ReturnType<typeof knownRuns>, field: string): string {
  const numbers = runs.flatMap(({ run }) => numberOf(run, field) ?? []);
  return `${formatNumber(Math.min(...numbers), 4)} – ${formatNumber(Math.max(...numbers), 4)}`;
}

function spread(values: readonly number[]): number[] {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  return Array.from({ length: 40 }, (_, index) => low + ((high - low) * index) / 39);
}

/** Names come from programs; a tooltip is HTML. */
function asHtml(text: string): string {
  return text.replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);
}
