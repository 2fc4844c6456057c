/** A number in few characters: 6 significant digits, exponent only where it is shorter. */
export function formatNumber(value: number, digits = 6): string {
  if (Number.isNaN(value)) return "NaN";
  if (!Number.isFinite(value)) return value > 0 ? "∞" : "−∞";
  if (Number.isInteger(value) && Math.abs(value) < 1e15) return value.toLocaleString("en-US");
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-4 || size >= 1e9)) {
    return value
      .toExponential(3)
      .replace(/\.?0+e/, "e")
      .replace("e+", "e");
  }
  return String(Number(value.toPrecision(digits)));
}

/** Numbers from the API: non-finite ones travel as words. */
export function readNumber(value: unknown): number | null {
  if (typeof value === "number") return value;
  if (value === "NaN") return Number.NaN;
  if (value === "Infinity") return Number.POSITIVE_INFINITY;
  if (value === "-Infinity") return Number.NEGATIVE_INFINITY;
  return null;
}

/** Any logged or configured value on one line. */
export function formatValue(value: unknown): string {
  if (value === null || value === undefined) return "–";
  if (typeof value === "number") return formatNumber(value);
  if (typeof value === "string") return value;
  if (typeof value === "boolean") return String(value);
  return JSON.stringify(value);
}

export function formatBytes(bytes: number): string {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let value = bytes;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  const digits = unit === 0 || value >= 100 ? 0 : 1;
  return `${value.toFixed(digits)} ${units[unit]}`;
}

const english = ["d", "h", "m", "s"] as const;
const japanese = ["日", "時間", "分", "秒"] as const;

/** Two units at most: “3d 4h”, “12m 5s”, “4.2s”. */
export function formatDuration(seconds: number, language = "en"): string {
  if (!Number.isFinite(seconds) || seconds < 0) return "–";
  const [day, hour, minute, second] = language === "ja" ? japanese : english;
  if (seconds < 10) return `${Number(seconds.toFixed(1))}${second}`;
  const whole = Math.round(seconds);
  const parts: [number, string][] = [
    [Math.floor(whole / 86_400), day],
    [Math.floor((whole % 86_400) / 3600), hour],
    [Math.floor((whole % 3600) / 60), minute],
    [whole % 60, second],
  ];
  const first = parts.findIndex(([amount]) => amount > 0);
  return parts
    .slice(first, first + 2)
    .filter(([amount]) => amount > 0)
    .map(([amount, unit]) => `${amount}${unit}`)
    .join(" ");
}

const steps: [Intl.RelativeTimeFormatUnit, number][] = [
  ["year", 31_557_600],
  ["month", 2_629_800],
  ["week", 604_800],
  ["day", 86_400],
  ["hour", 3600],
  ["minute", 60],
];

/** “3 hours ago” in the user's language. */
export function formatAgo(date: string | Date, language: string, now = Date.now()): string {
  const seconds = (new Date(date).getTime() - now) / 1000;
  const relative = new Intl.RelativeTimeFormat(language, { numeric: "auto" });
  for (const [unit, size] of steps) {
    if (Math.abs(seconds) >= size) return relative.format(Math.round(seconds / size), unit);
  }
  return relative.format(0, "second");
}

export function formatDate(date: string | Date, language: string): string {
  return new Intl.DateTimeFormat(language, { dateStyle: "medium", timeStyle: "short" }).format(
    new Date(date),
  );
}

/** The same moment in UTC, for tooltips. */
export function formatUtc(date: string | Date): string {
  return `${new Date(date).toISOString().replace("T", " ").slice(0, 19)} UTC`;
}

/** `12:03:44.120` in the user's time zone. */
export function formatClock(date: string | Date): string {
  const moment = new Date(date);
  const two = (part: number) => String(part).padStart(2, "0");
  const ms = String(moment.getMilliseconds()).padStart(3, "0");
  return `${two(moment.getHours())}:${two(moment.getMinutes())}:${two(moment.getSeconds())}.${ms}`;
}
