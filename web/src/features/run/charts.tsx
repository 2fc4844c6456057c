import { useMemo } from "react";
import type { Run } from "@/api/types";
import { PanelArea } from "@/features/charts/area";
import type { ChartScope } from "@/features/charts/types";
import { chartNames } from "@/features/url";
import { useViewState } from "@/features/views/use-view-state";
import { ViewBar } from "@/features/views/view-bar";
import { runColor } from "@/lib/colors";
import { readWorkspaceLayout } from "@/lib/workspace-layout";
import { useTheme } from "@/ui/use-theme";

/** Words of the address that a saved view keeps: what is shown large at the moment is none. */
const savedNames = chartNames.filter((name) => name !== "full");

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
      runs: [{ id, label, color: runColor(number, theme), metrics: JSON.parse(definitions), run }],
    }),
    [entity, project, id, number, label, stream, theme, definitions, run],
  );
  return stream === "history" ? (
    <History scope={scope} />
  ) : (
    <PanelArea scope={scope} loadingRuns={false} />
  );
}

/** Panels as the project arranged them for one run; kept for all of its runs. */
function History({ scope }: { scope: ChartScope }) {
  const layout = useViewState({
    entity: scope.entity,
    project: scope.project,
    kind: "run",
    names: savedNames,
    read: readWorkspaceLayout,
  });
  return (
    <PanelArea scope={scope} loadingRuns={false} layout={layout} start={<ViewBar of={layout} />} />
  );
}
