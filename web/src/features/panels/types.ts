import type { ChartScope } from "@/features/charts/types";
import type { ArrangedPanel, PanelOptions } from "@/lib/workspace-layout";

/** What every panel but a line chart is given. */
export interface PanelProps {
  panel: ArrangedPanel;
  scope: ChartScope;
  /** Shown large: more room for labels. */
  large: boolean;
  /** Changes what the panel knows; absent where nothing can be changed. */
  onOptions?: (options: PanelOptions) => void;
  /** Draws only these runs everywhere. */
  onKeep?: (runs: readonly string[]) => void;
  onOpenRun: (run: string) => void;
}
