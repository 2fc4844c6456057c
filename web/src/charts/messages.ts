import type { Locale } from "@/lib/time";

/** The words that charts say. */
export interface ChartMessages {
  noData: string;
  more: (count: number) => string;
  summary: (facts: { title: string; series: number; x: string; y: string }) => string;
  emptySummary: (title: string) => string;
  keys: string;
  nonfinite: (count: number) => string;
  table: { series: string; points: string; first: string; last: string; min: string; max: string };
  showAll: string;
  isolate: (label: string) => string;
  localTime: string;
}

const en: ChartMessages = {
  noData: "No points in this range",
  more: (count) => `+${count} more`,
  summary: ({ title, series, x, y }) =>
    `${title}: line chart with ${series} series. X from ${x}. Values from ${y}.`,
  emptySummary: (title) => `${title}: line chart without points.`,
  keys: "Arrow keys move the cursor, plus and minus zoom, Escape resets.",
  nonfinite: (count) => `${count} not finite`,
  table: {
    series: "Series",
    points: "Points",
    first: "First",
    last: "Last",
    min: "Min",
    max: "Max",
  },
  showAll: "Show all",
  isolate: (label) => `Show only ${label}`,
  localTime: "Local time",
};

const ja: ChartMessages = {
  noData: "この範囲にデータはありません",
  more: (count) => `他 ${count} 件`,
  summary: ({ title, series, x, y }) =>
    `${title}: ${series} 系列の折れ線グラフ。X の範囲 ${x}。値の範囲 ${y}。`,
  emptySummary: (title) => `${title}: データのない折れ線グラフ。`,
  keys: "矢印キーでカーソル移動、プラスとマイナスで拡大縮小、Esc で元に戻します。",
  nonfinite: (count) => `非有限値 ${count} 件`,
  table: { series: "系列", points: "点数", first: "最初", last: "最後", min: "最小", max: "最大" },
  showAll: "すべて表示",
  isolate: (label) => `${label} だけを表示`,
  localTime: "現地時刻",
};

export function chartMessages(locale: Locale): ChartMessages {
  return locale === "ja" ? ja : en;
}
