import { useMemo } from "react";
import type { Run } from "@/api/types";
import { PanelArea } from "@/features/charts/area";
import type { ChartScope } from "@/features/charts/types";
import { runColor } from "@/lib/colors";
import { useTheme } from "@/ui/use-theme";

/** The panels of one run's history or system metrics. */
export function RunCharts({ run, stream }: { run: Run; stream: "history" | "system" }) {
  const theme = useTheme();
  const { entity, project, id, number, display_name: label } = run;
  const definitions = JSON.stringify(run.metrics);
  const scope: ChartScope = useMemo(
    () => ({
      entity,
      project,
      stream,
      runs: [{ id, label, color: runColor(number, theme), metrics: JSON.parse(definitions) }],
    }),
    [entity, project, id, number, label, stream, theme, definitions],
  );
  return <PanelArea scope={scope} loadingRuns={false} />;
}
