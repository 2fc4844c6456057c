export { LineChart } from "./LineChart";
export { type LineLook, linesFromBuckets } from "./lines";
export type {
  FixedRange,
  LineChartHandle,
  LineChartProps,
  LineInteraction,
  LineSeries,
  LineView,
  ReferenceLine,
  Scale,
  XKind,
} from "./types";
