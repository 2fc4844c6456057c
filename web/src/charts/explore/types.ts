import type { EChartsCoreOption } from "echarts/core";

export type ExploreOption = EChartsCoreOption;

export interface ExploreHandle {
  png(): string;
  svg(): string;
}
