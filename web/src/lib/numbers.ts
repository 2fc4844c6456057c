/** Numbers as people read them on axes and in tooltips; the same in every language we speak. */

const MINUS = "−";
const UNITS = [
  { from: 1e15, factor: 1e15, sign: "P" },
  { from: 1e12, factor: 1e12, sign: "T" },
  { from: 1e9, factor: 1e9, sign: "G" },
  { from: 1e6, factor: 1e6, sign: "M" },
  { from: 1e4, factor: 1e3, sign: "k" },
] as const;

function special(value: number): string | null {
  if (Number.isNaN(value)) return "NaN";
  if (value === Infinity) return "∞";
  if (value === -Infinity) return `${MINUS}∞`;
  return null;
}

function withMinus(text: string): string {
  return text.replace("-", MINUS).replace("e-", `e${MINUS}`);
}

/** Drops the zeros that only fill up: `1.500` → `1.5`, `2.0e-4` → `2e-4`. */
function trimZeros(text: string): string {
  return text.includes(".") ? text.replace(/\.?0+(?=e|$)/, "") : text;
}

function scientific(value: number, digits: number): string {
  return withMinus(trimZeros(value.toExponential(digits)).replace("e+", "e"));
}

function grouped(text: string): string {
  const [whole = "", fraction] = text.split(".");
  const parted = whole.replace(/\B(?=(\d{3})+$)/g, ",");
  return fraction === undefined ? parted : `${parted}.${fraction}`;
}

/** About `digits` significant digits, whole numbers in full: `0.012346`, `12,345`, `1.5e−7`. */
export function formatValue(value: number, digits = 5): string {
  const named = special(value);
  if (named) return named;
  if (value === 0) return "0";
  const size = Math.abs(value);
  if (size < 1e-4 || size >= 1e15) return scientific(value, digits - 1);
  if (Number.isInteger(value)) return withMinus(grouped(String(value)));
  const decimals = Math.max(0, digits - 1 - Math.floor(Math.log10(size)));
  return withMinus(grouped(trimZeros(value.toFixed(Math.min(decimals, 20)))));
}

/** Three significant digits with a unit sign: `12.3k`, `4.5M`, `0.0012`. */
export function formatShort(value: number): string {
  const named = special(value);
  if (named) return named;
  const size = Math.abs(value);
  const unit = UNITS.find((each) => size >= each.from);
  if (unit) return withMinus(trimZeros((value / unit.factor).toPrecision(3))) + unit.sign;
  return formatValue(value, Number.isInteger(value) ? 5 : 3);
}

/** Labels for ticks that share one step: same unit, same number of decimals. */
export function tickLabels(ticks: readonly number[]): string[] {
  const largest = Math.max(0, ...ticks.map(Math.abs));
  if (largest === 0) return ticks.map(() => "0");
  let step = Infinity;
  for (let i = 1; i < ticks.length; i++) {
    step = Math.min(step, Math.abs((ticks[i] as number) - (ticks[i - 1] as number)));
  }
  if (!Number.isFinite(step) || step === 0) return ticks.map((tick) => formatShort(tick));
  if (largest < 1e-3 || largest >= 1e18) {
    const digits = Math.max(0, Math.floor(Math.log10(largest) + 1e-9) - stepExponent(step));
    return ticks.map((tick) => (tick === 0 ? "0" : scientific(tick, Math.min(digits, 12))));
  }
  const unit = UNITS.find((each) => largest >= each.from);
  const factor = unit?.factor ?? 1;
  const decimals = Math.min(12, Math.max(0, -stepExponent(step / factor)));
  return ticks.map((tick) => {
    if (tick === 0) return "0";
    return withMinus(grouped((tick / factor).toFixed(decimals))) + (unit?.sign ?? "");
  });
}

/** Power of ten of the last digit that a step such as 0.25 needs: −2. */
function stepExponent(step: number): number {
  let exponent = Math.floor(Math.log10(step) + 1e-9);
  for (let more = 0; more < 3; more++, exponent--) {
    const scaled = step / 10 ** exponent;
    if (Math.abs(scaled - Math.round(scaled)) < 1e-6 * scaled) return exponent;
  }
  return exponent;
}

/** Round values between low and high, about `count` of them, a step of 1, 2 or 5 × 10ⁿ apart. */
export function linearTicks(low: number, high: number, count: number): number[] {
  const span = high - low;
  if (!(span > 0) || !Number.isFinite(span) || count < 1) return Number.isFinite(low) ? [low] : [];
  const rough = span / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const ratio = rough / power;
  // Thresholds halfway between on a logarithmic scale: the nearest round step wins.
  const step = power * (ratio < 1.41 ? 1 : ratio < 3.16 ? 2 : ratio < 7.07 ? 5 : 10);
  const ticks: number[] = [];
  const first = Math.ceil(low / step - 1e-9);
  const last = Math.floor(high / step + 1e-9);
  for (let n = first; n <= last && ticks.length < 1000; n++) {
    // A quotient of whole numbers is the nearest double; a product like 3 × 0.1 is not.
    ticks.push(step < 1 ? n / Math.round(1 / step) || 0 : n * step || 0);
  }
  return ticks;
}

/** Ticks of a logarithmic axis: decades, thinned when many, with 2 and 5 when few. */
export function logTicks(low: number, high: number, count: number): number[] {
  if (!(low > 0) || !(high > low)) return [];
  const first = Math.floor(Math.log10(low) + 1e-9);
  const last = Math.ceil(Math.log10(high) - 1e-9);
  const decades = last - first;
  const inside = (tick: number) => tick >= low * (1 - 1e-9) && tick <= high * (1 + 1e-9);
  const every = Math.max(1, Math.ceil(decades / Math.max(1, count)));
  const parts = decades * 3 <= count * 1.5 ? [1, 2, 5] : [1];
  const ticks: number[] = [];
  for (let exponent = first; exponent <= last; exponent++) {
    if (every > 1 && exponent % every !== 0) continue;
    for (const part of parts) {
      const tick = Number(`${part}e${exponent}`);
      if (inside(tick)) ticks.push(tick);
    }
  }
  return ticks.length >= 2 ? ticks : linearTicks(low, high, count).filter((tick) => tick > 0);
}

/** Labels for logarithmic ticks, each by itself. */
export function logLabels(ticks: readonly number[]): string[] {
  return ticks.map((tick) => (tick < 1e-3 ? scientific(tick, 1) : formatShort(tick)));
}
