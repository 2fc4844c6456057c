import type { ECharts } from "echarts/core";
import type { Ref } from "react";
import { useEffect, useImperativeHandle, useRef } from "react";
import { useTheme } from "@/ui/use-theme";
import { echarts } from "./library";
import type { ExploreHandle, ExploreOption } from "./types";

/** The tokens of the theme as a chart needs them; a canvas knows no variables. */
function palette(element: HTMLElement) {
  const style = getComputedStyle(element);
  const token = (name: string) => style.getPropertyValue(name).trim();
  return {
    text: token("--chart-text"),
    strong: token("--text"),
    line: token("--chart-axis"),
    grid: token("--chart-grid"),
    surface: token("--surface"),
    border: token("--border"),
    font: token("--font"),
  };
}

/** A chart of one of the kinds that explore runs, in our own look. */
export function Explore({
  option,
  label,
  onReady,
  onClick,
  ref,
}: {
  option: ExploreOption;
  /** What it shows, for screen readers. */
  label: string;
  onReady?: (chart: ECharts) => void;
  onClick?: (event: { name?: string; data?: unknown; event?: { event?: MouseEvent } }) => void;
  ref?: Ref<ExploreHandle>;
}) {
  const theme = useTheme();
  const box = useRef<HTMLDivElement>(null);
  const chart = useRef<ECharts | null>(null);
  const latest = useRef({ option, onReady, onClick });
  latest.current = { option, onReady, onClick };

  // biome-ignore lint/correctness/useExhaustiveDependencies: another theme makes another chart
  useEffect(() => {
    const element = box.current;
    if (!element) return;
    const colors = palette(element);
    const axis = {
      axisLine: { lineStyle: { color: colors.line } },
      axisTick: { lineStyle: { color: colors.line } },
      axisLabel: { color: colors.text, fontSize: 11, hideOverlap: true },
      splitLine: { lineStyle: { color: colors.grid } },
      nameTextStyle: { color: colors.text, fontSize: 11 },
      splitArea: { show: false },
    };
    const made = echarts.init(
      element,
      {
        backgroundColor: "transparent",
        textStyle: { fontFamily: colors.font, color: colors.strong },
        valueAxis: axis,
        categoryAxis: { ...axis, splitLine: { show: false } },
        logAxis: axis,
        timeAxis: axis,
        tooltip: {
          backgroundColor: colors.surface,
          borderColor: colors.border,
          textStyle: { color: colors.strong, fontSize: 12 },
        },
        parallel: {
          parallelAxisDefault: { axisLine: { lineStyle: { color: colors.line } } },
        },
      },
      { renderer: "canvas" },
    );
    chart.current = made;
    made.setOption({ animation: false, ...latest.current.option });
    made.on("click", (event) => latest.current.onClick?.(event as never));
    latest.current.onReady?.(made);
    const observer = new ResizeObserver(() => made.resize());
    observer.observe(element);
    return () => {
      observer.disconnect();
      chart.current = null;
      made.dispose();
    };
  }, [theme]);

  useEffect(() => {
    chart.current?.setOption({ animation: false, ...option }, { notMerge: true });
  }, [option]);

  useImperativeHandle(
    ref,
    () => ({
      png: () => {
        if (!chart.current) throw new Error("The chart is not mounted.");
        return chart.current.getDataURL({ type: "png", pixelRatio: 2 });
      },
      svg: () => {
        const element = box.current;
        if (!chart.current || !element) throw new Error("The chart is not mounted.");
        const drawn = echarts.init(null, undefined, {
          renderer: "svg",
          ssr: true,
          width: element.clientWidth,
          height: element.clientHeight,
        });
        drawn.setOption({ animation: false, ...latest.current.option });
        const text = drawn.renderToSVGString();
        drawn.dispose();
        return text;
      },
    }),
    [],
  );

  return <div ref={box} role="img" aria-label={label} style={{ width: "100%", height: "100%" }} />;
}
