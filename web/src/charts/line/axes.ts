import { formatValue, linearTicks, logLabels, logTicks, tickLabels } from "@/lib/numbers";
import {
  durationTicks,
  formatDuration,
  formatTime,
  formatUtc,
  type Locale,
  timeTicks,
} from "@/lib/time";
import type { Interval } from "./scales";
import type { Scale, XKind } from "./types";

export interface Tick {
  value: number;
  label: string;
}

export function yTicks(domain: Interval, scale: Scale, height: number): Tick[] {
  const count = Math.max(2, Math.round(height / 44));
  return scale === "log"
    ? label(logTicks(domain.low, domain.high, count), logLabels)
    : label(linearTicks(domain.low, domain.high, count), tickLabels);
}

export interface XAxis {
  kind: XKind;
  scale: Scale;
  locale: Locale;
  timeZone: string;
}

export function xTicks(domain: Interval, axis: XAxis, width: number): Tick[] {
  if (axis.scale === "log") {
    const ticks = logTicks(domain.low, domain.high, Math.max(2, Math.round(width / 60)));
    if (axis.kind === "relative") return label(ticks, (all) => all.map(formatDuration));
    return label(ticks, logLabels);
  }
  if (axis.kind === "time") {
    const count = Math.max(2, Math.floor(width / 90));
    return timeTicks(domain.low, domain.high, count, axis.locale, axis.timeZone);
  }
  const count = Math.max(2, Math.floor(width / 72));
  if (axis.kind === "relative") {
    return label(durationTicks(domain.low, domain.high, count), (all) => all.map(formatDuration));
  }
  return label(linearTicks(domain.low, domain.high, count), tickLabels);
}

/** Labels for given values of x. */
export function labelX(values: number[], axis: XAxis): Tick[] {
  return values.map((value) => ({ value, label: describeX(value, axis)[0] }));
}

function label(values: number[], labels: (values: number[]) => string[]): Tick[] {
  const texts = labels(values);
  return values.map((value, i) => ({ value, label: texts[i] as string }));
}

/** x in full, as the tooltip's head shows it: its first line, and a second one for times. */
export function describeX(x: number, axis: XAxis): [string, string?] {
  if (axis.kind === "time") return [formatTime(x, axis.locale, axis.timeZone), formatUtc(x)];
  if (axis.kind === "relative") return [formatDuration(x)];
  return [formatValue(x, 7)];
}
