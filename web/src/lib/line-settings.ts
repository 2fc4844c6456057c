import type { Smoothing } from "./smoothing";
import type { ChartsView, XAxis } from "./view";

export const smoothings = ["ema", "mean", "gaussian"] as const;
export const aggregates = ["mean", "median", "min", "max"] as const;
export const bands = ["range", "deviation", "error", "interval", "bootstrap", "none"] as const;
export const areas = ["none", "stacked", "percent"] as const;

export interface Reference {
  y: number;
  label: string;
}

/** How lines are drawn; what is absent is as the level above says. */
export interface LineSettings {
  x?: XAxis;
  smoothing?: number;
  smoothingKind?: (typeof smoothings)[number];
  showRaw?: boolean;
  logX?: boolean;
  logY?: boolean;
  ignoreOutliers?: boolean;
  xLow?: number | null;
  xHigh?: number | null;
  yLow?: number | null;
  yHigh?: number | null;
  /** What stands for the points of a bucket. */
  value?: "mean" | "last" | "min" | "max";
  /** What stands for the runs of a group. */
  aggregate?: (typeof aggregates)[number];
  band?: (typeof bands)[number];
  area?: (typeof areas)[number];
  maxRuns?: number | null;
  legend?: string;
  legendPlace?: "none" | "bottom" | "right";
  expression?: string;
  references?: readonly Reference[];
}

export type SettingName = keyof LineSettings;

/** The settings that the address holds for the whole page. */
export function settingsOfView(view: ChartsView): LineSettings {
  return {
    x: view.x,
    smoothing: view.smoothing,
    logY: view.logScale,
    ignoreOutliers: view.ignoreOutliers,
  };
}

/** The nearest level that says something wins. */
export function cascade(...levels: readonly (LineSettings | undefined)[]): LineSettings {
  const found: LineSettings = {};
  for (const level of levels) {
    for (const [name, value] of Object.entries(level ?? {})) {
      if (value !== undefined) Object.assign(found, { [name]: value });
    }
  }
  return found;
}

/** Settings that a level says itself. */
export function overridden(settings: LineSettings | undefined): SettingName[] {
  return Object.entries(settings ?? {})
    .filter(([, value]) => value !== undefined)
    .map(([name]) => name as SettingName);
}

/** One slider from 0 to 1 for every kind of smoothing. */
export function smoothingOf(settings: LineSettings): Smoothing {
  const weight = settings.smoothing ?? 0;
  if (weight <= 0) return { kind: "none" };
  switch (settings.smoothingKind) {
    case "mean":
      return { kind: "mean", window: 1 + 2 * Math.round(weight * 50) };
    case "gaussian":
      return { kind: "gaussian", sigma: weight * 25 };
    default:
      return { kind: "ema", weight };
  }
}

const kinds: Record<SettingName, (value: unknown) => boolean> = {
  x: (value) => typeof value === "string",
  smoothing: (value) => typeof value === "number" && value >= 0 && value < 1,
  smoothingKind: (value) => (smoothings as readonly unknown[]).includes(value),
  showRaw: (value) => typeof value === "boolean",
  logX: (value) => typeof value === "boolean",
  logY: (value) => typeof value === "boolean",
  ignoreOutliers: (value) => typeof value === "boolean",
  xLow: isLimit,
  xHigh: isLimit,
  yLow: isLimit,
  yHigh: isLimit,
  value: (value) => ["mean", "last", "min", "max"].includes(value as string),
  aggregate: (value) => (aggregates as readonly unknown[]).includes(value),
  band: (value) => (bands as readonly unknown[]).includes(value),
  area: (value) => (areas as readonly unknown[]).includes(value),
  maxRuns: (value) => value === null || (typeof value === "number" && value >= 1),
  legend: (value) => typeof value === "string",
  legendPlace: (value) => ["none", "bottom", "right"].includes(value as string),
  expression: (value) => typeof value === "string",
  references: (value) => Array.isArray(value) && value.every(isReference),
};

function isLimit(value: unknown): boolean {
  return value === null || (typeof value === "number" && Number.isFinite(value));
}

function isReference(value: unknown): value is Reference {
  const found = value as Reference | null;
  return typeof found?.y === "number" && typeof found.label === "string";
}

/** Settings from foreign JSON; what is not known, or not possible, is left out. */
export function readLineSettings(value: unknown): LineSettings {
  if (value === null || typeof value !== "object") return {};
  const entries = Object.entries(value).filter(
    ([name, item]) => Object.hasOwn(kinds, name) && kinds[name as SettingName](item),
  );
  return Object.fromEntries(entries);
}

interface LegendRun {
  id: string;
  label: string;
  config?: Readonly<Record<string, unknown>>;
  summary?: Readonly<Record<string, unknown>>;
}

/** `${run:displayName} - ${config:lr}` filled in for a line. */
export function fillLegend(
  template: string,
  run: LegendRun,
  key: string,
  valueAt: (values: unknown, path: string) => unknown,
): string {
  return template.replace(/\$\{([^}]*)\}/g, (_, name: string) => {
    const [root, ...rest] = name.trim().split(":");
    const path = rest.join(":");
    if (root === "key" && path === "") return key;
    if (root === "run" || root === "") {
      return path === "id" || path === "name" ? run.id : run.label;
    }
    if (root !== "config" && root !== "summary") return "";
    const value = valueAt(run[root], path);
    if (value === undefined || value === null) return "–";
    return typeof value === "object" ? JSON.stringify(value) : String(value);
  });
}
