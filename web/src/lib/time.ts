/** Points in time and lengths of time, for axes and tooltips. */

export type Locale = "en" | "ja";

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const FIXED_STEPS = [
  1, 2, 5, 10, 20, 50, 100, 200, 500,
  SECOND, 2 * SECOND, 5 * SECOND, 10 * SECOND, 15 * SECOND, 30 * SECOND,
  MINUTE, 2 * MINUTE, 5 * MINUTE, 10 * MINUTE, 15 * MINUTE, 30 * MINUTE,
  HOUR, 2 * HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR,
  DAY, 2 * DAY, 7 * DAY, 14 * DAY,
]; // biome-ignore format: a table

const MONTH_STEPS = [1, 3, 6, 12, 24, 60, 120];

export interface TimeTick {
  /** ms since 1970 */
  value: number;
  label: string;
}

const formats = new Map<string, Intl.DateTimeFormat>();

function format(locale: Locale, timeZone: string, options: Intl.DateTimeFormatOptions) {
  const id = `${locale}|${timeZone}|${JSON.stringify(options)}`;
  let made = formats.get(id);
  if (!made) {
    made = new Intl.DateTimeFormat(locale === "ja" ? "ja-JP" : "en-GB", { ...options, timeZone });
    formats.set(id, made);
  }
  return made;
}

/** The user's zone. */
export function localZone(): string {
  return Intl.DateTimeFormat().resolvedOptions().timeZone;
}

interface WallClock {
  year: number;
  month: number;
  day: number;
  hour: number;
  minute: number;
  second: number;
}

function wallClock(time: number, timeZone: string): WallClock {
  const parts = format("en", timeZone, {
    year: "numeric", month: "numeric", day: "numeric",
    hour: "numeric", minute: "numeric", second: "numeric", hourCycle: "h23",
  }).formatToParts(time); // biome-ignore format: a table
  const part = (type: string) => Number(parts.find((each) => each.type === type)?.value ?? 0);
  return {
    year: part("year"), month: part("month"), day: part("day"),
    hour: part("hour"), minute: part("minute"), second: part("second"),
  }; // biome-ignore format: a table
}

/** What to add to UTC to read the zone's clock, in ms. */
export function zoneOffset(time: number, timeZone: string): number {
  const whole = Math.floor(time / SECOND) * SECOND;
  const { year, month, day, hour, minute, second } = wallClock(whole, timeZone);
  return Date.UTC(year, month - 1, day, hour, minute, second) - whole;
}

/** The instant at which the zone's clock shows `wall` (written as if it were UTC). */
function instantOf(wall: number, timeZone: string): number {
  const guess = wall - zoneOffset(wall, timeZone);
  return wall - zoneOffset(guess, timeZone);
}

/** About `count` ticks at round times of the zone's clock. */
export function timeTicks(
  low: number,
  high: number,
  count: number,
  locale: Locale,
  timeZone: string = localZone(),
): TimeTick[] {
  const span = high - low;
  if (!(span > 0) || !Number.isFinite(span)) return [];
  const rough = span / Math.max(1, count);
  const step = FIXED_STEPS.find((each) => each >= rough);
  const values = step
    ? fixedTicks(low, high, step, timeZone)
    : monthTicks(low, high, rough, timeZone);
  const label = tickLabeller(step ?? Infinity, locale, timeZone);
  return values.map((value, index) => ({ value, label: label(value, index === 0) }));
}

function fixedTicks(low: number, high: number, step: number, timeZone: string): number[] {
  const ticks: number[] = [];
  // Days are counted on the zone's calendar; shorter steps restart at each of its midnights.
  const offset = zoneOffset(low, timeZone);
  const origin = step >= 7 * DAY ? 4 * DAY : 0; // a Monday
  let wall = Math.floor((low + offset - origin) / step) * step + origin;
  for (let guard = 0; guard < 1000; guard++, wall += step) {
    const value = step < HOUR ? wall - offset : instantOf(wall, timeZone);
    if (value > high) break;
    if (value >= low && value !== ticks.at(-1)) ticks.push(value);
  }
  return ticks;
}

function monthTicks(low: number, high: number, rough: number, timeZone: string): number[] {
  const months = MONTH_STEPS.find((each) => each * 30.5 * DAY >= rough) ?? 120;
  const start = wallClock(low, timeZone);
  const ticks: number[] = [];
  let index = Math.floor((start.year * 12 + start.month - 1) / months) * months;
  for (let guard = 0; guard < 1000; guard++, index += months) {
    const value = instantOf(Date.UTC(Math.floor(index / 12), index % 12, 1), timeZone);
    if (value > high) break;
    if (value >= low) ticks.push(value);
  }
  return ticks;
}

function tickLabeller(step: number, locale: Locale, timeZone: string) {
  const date = format(locale, timeZone, { month: "short", day: "numeric" });
  const month = format(locale, timeZone, { year: "numeric", month: "short" });
  const clock = format(locale, timeZone, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
  const seconds = format(locale, timeZone, {
    hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23",
    ...(step < SECOND ? { fractionalSecondDigits: 3 as const } : {}),
  }); // biome-ignore format: a table
  return (value: number, first: boolean): string => {
    if (step === Infinity) return month.format(value);
    if (step >= DAY) return date.format(value);
    const midnight = (value + zoneOffset(value, timeZone)) % DAY === 0;
    if (midnight) return date.format(value);
    const text = (step < MINUTE ? seconds : clock).format(value);
    return first && step >= MINUTE ? `${date.format(value)} ${text}` : text;
  };
}

/** Date and time to the second (to the ms where there are any), in the zone. */
export function formatTime(time: number, locale: Locale, timeZone: string = localZone()): string {
  return format(locale, timeZone, {
    year: "numeric", month: "short", day: "numeric",
    hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23",
    ...(time % SECOND === 0 ? {} : { fractionalSecondDigits: 3 as const }),
  }).format(time); // biome-ignore format: a table
}

/** The same instant in UTC, for those who compare logs: `2026-03-01 12:00:00Z`. */
export function formatUtc(time: number): string {
  return new Date(time)
    .toISOString()
    .replace("T", " ")
    .replace(/\.\d+Z$/, "Z");
}

/** A length of time in its two greatest units: `1d 2h`, `3h 5m`, `45s`, `0.25s`. */
export function formatDuration(seconds: number): string {
  if (!Number.isFinite(seconds)) return seconds > 0 ? "∞" : "–";
  const sign = seconds < 0 ? "−" : "";
  let rest = Math.abs(seconds);
  if (rest < 59.95) return `${sign}${Number(rest.toFixed(rest < 10 ? 3 : 1))}s`;
  rest = Math.round(rest);
  const parts = [
    [Math.floor(rest / 86400), "d"],
    [Math.floor(rest / 3600) % 24, "h"],
    [Math.floor(rest / 60) % 60, "m"],
    [rest % 60, "s"],
  ] as const;
  const first = parts.findIndex(([amount]) => amount > 0);
  const shown = parts.slice(first, first + 2).filter(([amount]) => amount > 0);
  return sign + shown.map(([amount, unit]) => `${amount}${unit}`).join(" ");
}

const DURATION_STEPS = [
  1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400, 172800,
  432000, 864000,
];

/** Round lengths of time (in seconds) for an axis of relative time. */
export function durationTicks(low: number, high: number, count: number): number[] {
  const span = high - low;
  if (!(span > 0) || !Number.isFinite(span)) return [];
  const rough = span / Math.max(1, count);
  let step =
    DURATION_STEPS.find((each) => each >= rough) ??
    86400 * 10 ** Math.ceil(Math.log10(rough / 86400));
  if (rough < 1) {
    const power = 10 ** Math.floor(Math.log10(rough));
    step = power * ([1, 2, 5, 10].find((each) => each * power >= rough) ?? 10);
  }
  const ticks: number[] = [];
  for (let n = Math.ceil(low / step - 1e-9); n * step <= high + step * 1e-9; n++) {
    if (ticks.length >= 1000) break;
    ticks.push(Number((n * step).toPrecision(12)));
  }
  return ticks;
}
