import { matchesGlob } from "./sections";
import type { XAxis } from "./view";

/** What a panel asks the server for as x. */
export interface Axis {
  /** Equal for panels that can share a zoom and a cursor. */
  id: string;
  x: "step" | "time" | "relative";
  xKey: string | null;
  kind: "number" | "time" | "relative";
}

export interface MetricDefinition {
  name: string;
  step_metric?: string | null;
  hidden?: boolean | null;
}

const plain = (x: "step" | "time" | "relative"): Axis => ({
  id: x,
  x,
  xKey: null,
  kind: x === "step" ? "number" : x,
});

const ofKey = (key: string): Axis => ({ id: `key:${key}`, x: "step", xKey: key, kind: "number" });

/** The definition of a key: its own one wins over patterns, an earlier pattern over a later. */
export function definitionOf<M extends MetricDefinition>(
  key: string,
  metrics: readonly M[],
): M | undefined {
  return (
    metrics.find((metric) => metric.name === key) ??
    metrics.find((metric) => matchesGlob(metric.name, key))
  );
}

/** Whether less or more is better in a field of the summary, which may be of one kind. */
export function goalOf<M extends MetricDefinition & { goal?: "minimize" | "maximize" | null }>(
  field: string,
  metrics: readonly M[],
): "minimize" | "maximize" | null {
  const name = field.replace(/^summary\./, "");
  const found =
    definitionOf(name, metrics) ??
    definitionOf(name.replace(/\.(min|max|mean|best|first|last)$/, ""), metrics);
  return found?.goal ?? null;
}

/** The axis of a panel: what the user chose, or else what the program defined for the key. */
export function resolveAxis(
  choice: XAxis,
  key: string,
  metrics: readonly MetricDefinition[],
  stream: "history" | "system",
): Axis {
  if (choice === "step" || choice === "relative" || choice === "time") return plain(choice);
  if (choice !== "auto") return stream === "system" ? plain("relative") : ofKey(choice.slice(4));
  if (stream === "system") return plain("relative");
  const own = definitionOf(key, metrics)?.step_metric;
  return own && own !== key && !own.startsWith("_") ? ofKey(own) : plain("step");
}

/** Is the key kept out of the automatic panels? */
export function isHidden(key: string, metrics: readonly MetricDefinition[]): boolean {
  return definitionOf(key, metrics)?.hidden === true;
}
