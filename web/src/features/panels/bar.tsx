import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import { Explore } from "@/charts/explore";
import { textOption, truthOption } from "@/features/charts/options";
import { hashText, paletteOf } from "@/lib/colors";
import { columnValue } from "@/lib/columns";
import { formatNumber, formatValue } from "@/lib/format";
import { density, deviation, mean, quantile, sorted, studentT } from "@/lib/statistics";
import { useTheme } from "@/ui/use-theme";
import { useHandle } from "./handle";
import { Message } from "./message";
import type { PanelProps } from "./types";
import { knownRuns, numberOf, shortField, usualMetric } from "./values";

const MOST = 60;

interface Bar {
  name: string;
  color: string;
  /** Rising. */
  values: number[];
}

/** A bar for each run or group; with groups also boxes and violins. */
export default function BarPanel({ panel, scope, large }: PanelProps) {
  const { t } = useTranslation();
  const palette = paletteOf(useTheme());
  const runs = useMemo(() => knownRuns(scope), [scope]);
  const { options } = panel;
  const metric = textOption(options, "metric", usualMetric(runs));
  const by = textOption(options, "by");
  const wanted = textOption(options, "shape", "bar");
  const error = textOption(options, "error", "deviation");
  const log = truthOption(options, "log");
  const upright = truthOption(options, "upright");
  const ref = useHandle(panel.id);
  const grouped = by !== "" || runs.some((run) => run.group);
  const shape = grouped ? wanted : "bar";

  const bars = useMemo(() => {
    const found = new Map<string, Bar>();
    for (const each of runs) {
      const value = numberOf(each.run, metric);
      if (value === null || (log && value <= 0)) continue;
      const group = by !== "" ? formatValue(columnValue(each.run, by)) : each.group?.label;
      const name = group ?? each.label;
      const id = group ?? each.id;
      const color =
        group === undefined
          ? each.color
          : (each.group?.color ?? palette[hashText(group) % palette.length] ?? "#3350d1");
      const bar = found.get(id);
      if (bar) bar.values.push(value);
      else found.set(id, { name, color, values: [value] });
    }
    return [...found.values()]
      .map((bar) => ({ ...bar, values: sorted(bar.values) }))
      .sort((a, b) => mean(b.values) - mean(a.values));
  }, [runs, metric, by, log, palette]);
  const shown = bars.slice(0, MOST);

  const option = useMemo(() => {
    const names = shown.map((bar) => bar.name);
    const category = {
      type: "category",
      data: names,
      inverse: !upright,
      axisLabel: {
        width: upright ? 70 : 120,
        overflow: "truncate",
        interval: 0,
        hideOverlap: true,
        rotate: upright && names.length > 6 ? 40 : 0,
      },
    };
    const value = {
      type: log ? "log" : "value",
      scale: shape !== "bar",
      name: upright ? "" : shortField(metric),
      nameLocation: "middle",
      nameGap: 24,
    };
    return {
      grid: { left: 8, right: 24, top: 12, bottom: upright ? 8 : 24, containLabel: true },
      tooltip: {
        trigger: "item",
        confine: true,
        formatter: ({ dataIndex }: { dataIndex: number }) => {
          const bar = shown[dataIndex];
          if (!bar) return "";
          const name = bar.name.replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);
          const spread = deviation(bar.values);
          const lines = [
            `<b>${name}</b>`,
            `${formatNumber(mean(bar.values), 5)}${Number.isNaN(spread) ? "" : ` ± ${formatNumber(spread, 3)}`}`,
          ];
          if (bar.values.length > 1) {
            lines.push(
              [0, 0.25, 0.5, 0.75, 1]
                .map((share) => formatNumber(quantile(bar.values, share), 4))
                .join(" · "),
              `n = ${bar.values.length}`,
            );
          }
          return lines.join("<br>");
        },
      },
      xAxis: upright ? category : value,
      yAxis: upright ? value : category,
      series: seriesOf(shape, shown, upright, error),
    };
  }, [shown, shape, upright, log, metric, error]);

  if (metric === "") return <Message>{t("panels.chooseMetric")}</Message>;
  if (shown.length === 0) return <Message>{t("charts.emptyPanel")}</Message>;
  return (
    <>
      <Explore
        ref={ref}
        option={option}
        label={t("panels.barLabel", { field: shortField(metric), count: shown.length })}
      />
      {bars.length > shown.length && (
        <Message corner>
          {t("panels.firstBars", { shown: shown.length, count: bars.length })}
        </Message>
      )}
      {large && shape !== "bar" && <Message corner>{t("panels.boxHint")}</Message>}
    </>
  );
}

function errorOf(bar: Bar, how: string): number {
  const spread = deviation(bar.values);
  if (Number.isNaN(spread) || how === "none") return 0;
  if (how === "error") return spread / Math.sqrt(bar.values.length);
  if (how === "interval") {
    return (studentT(bar.values.length - 1) * spread) / Math.sqrt(bar.values.length);
  }
  return spread;
}

interface Api {
  value: (dim: number) => number;
  coord: (at: [number, number]) => [number, number];
  size: (of: [number, number]) => [number, number];
}

function seriesOf(shape: string, bars: readonly Bar[], upright: boolean, error: string) {
  const place = (index: number, value: number): [number, number] =>
    upright ? [index, value] : [value, index];
  if (shape === "box") {
    return [
      {
        type: "boxplot",
        layout: upright ? "horizontal" : "vertical",
        boxWidth: [6, 26],
        data: bars.map((bar) => ({
          value: [0, 0.25, 0.5, 0.75, 1].map((share) => quantile(bar.values, share)),
          itemStyle: { color: `${bar.color}33`, borderColor: bar.color },
        })),
      },
    ];
  }
  if (shape === "violin") {
    return [
      {
        type: "custom",
        // The axis has to reach from tail to tail.
        encode: upright ? { x: 0, y: [1, 2, 3] } : { x: [1, 2, 3], y: 0 },
        data: bars.map((bar, index) => {
          const curve = density(bar.values);
          const middle = mean(bar.values);
          return [index, middle, curve[0]?.[0] ?? middle, curve.at(-1)?.[0] ?? middle];
        }),
        renderItem: (params: { dataIndex: number }, api: Api) => {
          const bar = bars[params.dataIndex];
          if (!bar) return null;
          const curve = density(bar.values);
          const top = Math.max(...curve.map(([, y]) => y));
          const half = 0.42 * Math.abs(api.size([1, 1])[upright ? 0 : 1]);
          const edge = (sign: number) =>
            curve.map(([value, y]): [number, number] => {
              const [px, py] = api.coord(place(params.dataIndex, value));
              const off = sign * half * (y / top);
              return upright ? [px + off, py] : [px, py + off];
            });
          const [mx, my] = api.coord(place(params.dataIndex, quantile(bar.values, 0.5)));
          const [ax, ay] = api.coord(place(params.dataIndex, quantile(bar.values, 0.25)));
          const [bx, by] = api.coord(place(params.dataIndex, quantile(bar.values, 0.75)));
          return {
            type: "group",
            children: [
              {
                type: "polygon",
                shape: { points: [...edge(1), ...edge(-1).reverse()] },
                style: { fill: `${bar.color}44`, stroke: bar.color, lineWidth: 1.2 },
              },
              {
                type: "line",
                shape: { x1: ax, y1: ay, x2: bx, y2: by },
                style: { stroke: bar.color, lineWidth: 5, opacity: 0.55 },
              },
              {
                type: "circle",
                shape: { cx: mx, cy: my, r: 3.5 },
                style: { fill: "#fff", stroke: bar.color, lineWidth: 2 },
              },
            ],
          };
        },
      },
    ];
  }
  return [
    {
      type: "bar",
      barMaxWidth: 26,
      data: bars.map((bar) => ({
        value: mean(bar.values),
        itemStyle: { color: bar.color, borderRadius: upright ? [3, 3, 0, 0] : [0, 3, 3, 0] },
      })),
    },
    {
      type: "custom",
      silent: true,
      z: 5,
      encode: upright ? { x: 0, y: 1 } : { x: 1, y: 0 },
      data: bars.map((bar, index) => [index, mean(bar.values)]),
      renderItem: (params: { dataIndex: number }, api: Api) => {
        const bar = bars[params.dataIndex];
        const by = bar ? errorOf(bar, error) : 0;
        if (!bar || by === 0) return null;
        const middle = mean(bar.values);
        const [ax, ay] = api.coord(place(params.dataIndex, middle - by));
        const [bx, by2] = api.coord(place(params.dataIndex, middle + by));
        const cap = (x: number, y: number) =>
          upright ? { x1: x - 4, y1: y, x2: x + 4, y2: y } : { x1: x, y1: y - 4, x2: x, y2: y + 4 };
        const style = { stroke: "#7b8496", lineWidth: 1.4 };
        return {
          type: "group",
          children: [
            { type: "line", shape: { x1: ax, y1: ay, x2: bx, y2: by2 }, style },
            { type: "line", shape: cap(ax, ay), style },
            { type: "line", shape: cap(bx, by2), style },
          ],
        };
      },
    },
  ];
}
