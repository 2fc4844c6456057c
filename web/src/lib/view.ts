import type { Selection } from "./selection";
import { DEFAULT_FIRST, MAX_SHOWN } from "./selection";

/** Search parameters as they stand in the address: words only. */
export type Params = Record<string, string>;

/** x axis: `auto` follows the metric's definition, and is the step otherwise. */
export type XAxis = "auto" | "step" | "relative" | "time" | `key:${string}`;

export interface Sort {
  field: string;
  descending: boolean;
}

export interface Zoom {
  /** The axis that the range belongs to; panels on another axis ignore it. */
  axis: string;
  low: number;
  high: number;
}

export type PanelSize = "s" | "m" | "l";

/** What one sees of a panel area. */
export interface ChartsView {
  x: XAxis;
  smoothing: number;
  logScale: boolean;
  ignoreOutliers: boolean;
  panels: string;
  size: PanelSize;
  zoom: Zoom | null;
  /** Panel shown full screen. */
  full: string | null;
  /** Sections that differ from being open. */
  closed: readonly string[];
}

/** What one sees of a list of runs. */
export interface RunsView {
  search: string;
  regex: boolean;
  filter: string;
  sort: readonly Sort[];
  selection: Selection;
  /** Columns of the table; null for the usual ones. */
  columns: readonly string[] | null;
  /** Run whose drawer is open. */
  open: string | null;
  /** Fields that runs are put together by; with `except`, all of the config but these. */
  group: Grouping;
  /** Runs that are always shown, first. */
  pins: readonly string[];
  /** The run that others are compared with. */
  baseline: string | null;
}

export interface Grouping {
  except: boolean;
  fields: readonly string[];
}

export const ungrouped: Grouping = { except: false, fields: [] };

const list = (text: string | undefined): string[] =>
  text ? text.split(",").map((part) => decodeURIComponent(part)) : [];
const joined = (items: readonly string[]): string =>
  items.map((item) => encodeURIComponent(item)).join(",");

function readSort(text: string | undefined): Sort[] {
  return list(text).map((part) =>
    part.startsWith("-")
      ? { field: part.slice(1), descending: true }
      : { field: part, descending: false },
  );
}

function readGroup(text: string | undefined): Grouping {
  const fields = list(text);
  return fields[0] === "!" ? { except: true, fields: fields.slice(1) } : { except: false, fields };
}

function readZoom(text: string | undefined): Zoom | null {
  const [axis, low, high] = list(text);
  const range = [Number(low), Number(high)] as const;
  if (!axis || low === undefined || high === undefined || !range.every(Number.isFinite))
    return null;
  return range[0] < range[1] ? { axis, low: range[0], high: range[1] } : null;
}

function readAxis(text: string | undefined): XAxis {
  if (text === "step" || text === "relative" || text === "time") return text;
  return text?.startsWith("key:") && text.length > 4 ? (text as XAxis) : "auto";
}

const clamp = (value: number, low: number, high: number, otherwise: number) =>
  Number.isFinite(value) ? Math.min(high, Math.max(low, value)) : otherwise;

export function readChartsView(params: Params): ChartsView {
  return {
    x: readAxis(params.x),
    smoothing: clamp(Number(params.smooth ?? 0), 0, 0.999, 0),
    logScale: params.log === "1",
    ignoreOutliers: params.outliers === "0",
    panels: params.panels ?? "",
    size: params.size === "s" || params.size === "l" ? params.size : "m",
    zoom: readZoom(params.zoom),
    full: params.full || null,
    closed: list(params.closed),
  };
}

export function readRunsView(params: Params): RunsView {
  const first = clamp(Number(params.first ?? DEFAULT_FIRST), 0, MAX_SHOWN, DEFAULT_FIRST);
  return {
    search: params.q ?? "",
    regex: params.regex === "1",
    filter: params.filter ?? "",
    sort: readSort(params.sort),
    selection: { first: Math.round(first), shown: list(params.show), hidden: list(params.hide) },
    columns: params.columns === undefined ? null : list(params.columns),
    open: params.open || null,
    group: readGroup(params.group),
    pins: list(params.pin),
    baseline: params.base || null,
  };
}

/** Only what differs from the usual view is written, so that addresses stay short. */
function tidy(params: Record<string, string | null>): Params {
  return Object.fromEntries(
    Object.entries(params).filter((entry): entry is [string, string] => entry[1] !== null),
  );
}

export function writeChartsView(view: ChartsView): Params {
  return tidy({
    x: view.x === "auto" ? null : view.x,
    smooth: view.smoothing > 0 ? String(view.smoothing) : null,
    log: view.logScale ? "1" : null,
    outliers: view.ignoreOutliers ? "0" : null,
    panels: view.panels || null,
    size: view.size === "m" ? null : view.size,
    zoom: view.zoom
      ? joined([view.zoom.axis, String(view.zoom.low), String(view.zoom.high)])
      : null,
    full: view.full,
    closed: view.closed.length > 0 ? joined(view.closed) : null,
  });
}

export function writeRunsView(view: RunsView): Params {
  const { first, shown, hidden } = view.selection;
  return tidy({
    q: view.search || null,
    regex: view.regex ? "1" : null,
    filter: view.filter || null,
    sort:
      view.sort.length > 0
        ? joined(view.sort.map((sort) => (sort.descending ? "-" : "") + sort.field))
        : null,
    first: first === DEFAULT_FIRST ? null : String(first),
    show: shown.length > 0 ? joined(shown) : null,
    hide: hidden.length > 0 ? joined(hidden) : null,
    columns: view.columns === null ? null : joined(view.columns),
    open: view.open,
    group:
      view.group.fields.length > 0 || view.group.except
        ? joined([...(view.group.except ? ["!"] : []), ...view.group.fields])
        : null,
    pin: view.pins.length > 0 ? joined(view.pins) : null,
    base: view.baseline,
  });
}

/** The parameters with those of the given names replaced. */
export function replaceParams(
  old: Readonly<Record<string, string | undefined>>,
  names: readonly string[],
  next: Params,
): Params {
  const kept = Object.entries(old).filter(([name]) => !names.includes(name));
  const all = [...kept, ...Object.entries(next)];
  return Object.fromEntries(
    all.filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
}

/** `?a=b` ↔ words by name; TanStack Router would read JSON into them. */
export function parseParams(search: string): Params {
  return Object.fromEntries(new URLSearchParams(search));
}

export function stringifyParams(params: Record<string, unknown>): string {
  const entries = Object.entries(params).filter(
    (entry): entry is [string, string] => typeof entry[1] === "string",
  );
  const text = new URLSearchParams(entries).toString();
  return text === "" ? "" : `?${text}`;
}
