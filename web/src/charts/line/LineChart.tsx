import { useEffect, useImperativeHandle, useLayoutEffect, useMemo, useRef, useState } from "react";
import { useChartEnvironment } from "../environment";
import "../charts.css";
import { LineChartCore, type LineInput } from "./core";
import { toCsv, toPng, toSvg } from "./exports";
import { Legend } from "./Legend";
import { LineTable } from "./LineTable";
import type { LineChartHandle, LineChartProps, LineSeries } from "./types";

/** Lines over a number, a time or a duration. */
export function LineChart(props: LineChartProps) {
  const { series, legend = "none", as = "chart", height, className = "" } = props;
  const [only, setOnly] = useState<string | null>(null);
  const isolated = useMemo(() => isolate(series, only), [series, only]);
  const style = height === undefined ? undefined : { height };
  if (as === "table") {
    return (
      <div className={`kiseki-line ${className}`} style={style}>
        <LineTable series={series} title={props.title} xKind={props.xKind ?? "number"} />
      </div>
    );
  }
  const right = legend === "right" ? "has-legend-right" : "";
  return (
    <div className={`kiseki-line ${right} ${className}`} style={style}>
      <Plot {...props} series={isolated} />
      {legend !== "none" && (
        <Legend series={series} syncKey={props.syncKey} only={only} onOnly={setOnly} />
      )}
    </div>
  );
}

function isolate(series: readonly LineSeries[], only: string | null): readonly LineSeries[] {
  if (only === null) return series;
  const shown = series.filter((each) => each.id === only);
  return shown.length > 0 ? shown : series;
}

function Plot(props: LineChartProps) {
  const { locale, timeZone } = useChartEnvironment();
  const container = useRef<HTMLDivElement>(null);
  const core = useRef<LineChartCore | null>(null);
  const input: LineInput = {
    series: props.series,
    view: props,
    interaction: props,
    title: props.title,
    locale,
    timeZone,
  };
  const latest = useRef(input);
  latest.current = input;

  useLayoutEffect(() => {
    if (!container.current) return;
    const made = new LineChartCore(container.current, latest.current);
    core.current = made;
    return () => {
      core.current = null;
      made.destroy();
    };
  }, []);

  useEffect(() => {
    core.current?.update(input);
  });

  useImperativeHandle(props.ref, () => handleOf(core, latest), []);

  return (
    <div className="kiseki-chart">
      <div ref={container} className="kiseki-plot" role="img" aria-label={props.title} />
    </div>
  );
}

function handleOf(
  core: { current: LineChartCore | null },
  latest: { current: LineInput },
): LineChartHandle {
  const mounted = () => {
    if (!core.current) throw new Error("The chart is not mounted.");
    return core.current;
  };
  return {
    png: async () => toPng(mounted()),
    svg: () => toSvg(mounted()),
    csv: () => toCsv(mounted()),
    copy: async () => {
      const png = toPng(mounted());
      await navigator.clipboard.write([new ClipboardItem({ "image/png": png })]);
    },
    download: async (format) => {
      const blob =
        format === "png"
          ? await toPng(mounted())
          : format === "svg"
            ? new Blob([toSvg(mounted())], { type: "image/svg+xml" })
            : new Blob(["\ufeff", toCsv(mounted())], { type: "text/csv;charset=utf-8" });
      save(blob, `${fileName(latest.current.title)}.${format}`);
    },
    plotWidth: () =>
      Math.round((core.current?.frame()?.plot.width ?? 0) * (window.devicePixelRatio || 1)),
  };
}

function fileName(title: string): string {
  return title.replace(/[\\/:*?"<>|\s]+/g, "-").slice(0, 80) || "chart";
}

function save(blob: Blob, name: string): void {
  const url = URL.createObjectURL(blob);
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 1000);
}
