import type { Loader, Spec } from "vega";
import { parse, View } from "vega";
import { expressionInterpreter } from "vega-interpreter";
import type { TopLevelSpec } from "vega-lite";
import { compile } from "vega-lite";
import type { Theme } from "@/lib/theme";

/** Charts get our data and nothing else: no address is read, and no link is followed. */
const closed: Loader = {
  load: refuse,
  sanitize: refuse,
  http: refuse,
  file: refuse,
  options: {},
} as unknown as Loader;

function refuse(): Promise<never> {
  return Promise.reject(new Error("Only the data sets runs and history can be read."));
}

/** Draws a Vega-Lite specification, evaluated without `eval`; gives back how to end it. */
export async function drawSpec(
  element: HTMLElement,
  spec: unknown,
  data: { runs: unknown[]; history: unknown[] },
  theme: Theme,
): Promise<() => void> {
  const style = getComputedStyle(element);
  const token = (name: string) => style.getPropertyValue(name).trim();
  const axis = {
    labelColor: token("--chart-text"),
    titleColor: token("--text-2"),
    gridColor: token("--chart-grid"),
    domainColor: token("--chart-axis"),
    tickColor: token("--chart-axis"),
  };
  const whole = {
    width: "container",
    height: "container",
    autosize: { type: "fit", contains: "padding" },
    background: "transparent",
    ...(spec as object),
    datasets: { ...data, ...((spec as { datasets?: object }).datasets ?? {}) },
    config: {
      font: token("--font"),
      axis,
      legend: { labelColor: axis.labelColor, titleColor: axis.titleColor },
      title: { color: token("--text") },
      view: { stroke: null },
      range: { category: { scheme: theme === "dark" ? "set2" : "tableau10" } },
      ...((spec as { config?: object }).config ?? {}),
    },
  } as unknown as TopLevelSpec;
  const compiled = compile(whole).spec as Spec;
  const view = new View(parse(compiled, undefined, { ast: true }), {
    expr: expressionInterpreter,
    renderer: "canvas",
    container: element,
    hover: true,
    loader: closed,
    logLevel: 0,
  } as ConstructorParameters<typeof View>[1]);
  await view.runAsync();
  const observer = new ResizeObserver(() => {
    view
      .width(element.clientWidth)
      .height(element.clientHeight)
      .runAsync()
      .catch(() => {});
  });
  observer.observe(element);
  return () => {
    observer.disconnect();
    view.finalize();
  };
}
