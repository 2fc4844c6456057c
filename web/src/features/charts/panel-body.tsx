import { useNavigate } from "@tanstack/react-router";
import type { RefObject } from "react";
import { lazy, Suspense } from "react";
import { useTranslation } from "react-i18next";
import type { LineChartHandle } from "@/charts/line";
import { Failure } from "@/features/failure";
import type { PanelProps } from "@/features/panels/types";
import type { LineSettings } from "@/lib/line-settings";
import type { ChartsView } from "@/lib/view";
import type { ArrangedPanel, PanelKind } from "@/lib/workspace-layout";
import { Skeleton } from "@/ui/states";
import { useArranging } from "./arrange";
import styles from "./charts.module.css";
import { useKeepRuns } from "./keep";
import { PanelChart } from "./panel-chart";
import type { ChartScope } from "./types";
import { usePanel } from "./use-panel";

const kinds: Record<Exclude<PanelKind, "line">, React.LazyExoticComponent<React.FC<PanelProps>>> = {
  scatter: lazy(() => import("@/features/panels/scatter")),
  parallel: lazy(() => import("@/features/panels/parallel")),
  importance: lazy(() => import("@/features/panels/importance")),
  bar: lazy(() => import("@/features/panels/bar")),
  histogram: lazy(() => import("@/features/panels/histogram")),
  scalar: lazy(() => import("@/features/panels/scalar")),
  comparer: lazy(() => import("@/features/panels/comparer")),
  media: lazy(() => import("@/features/panels/media")),
  markdown: lazy(() => import("@/features/panels/markdown")),
  custom: lazy(() => import("@/features/panels/custom")),
};

interface BodyProps {
  panel: ArrangedPanel;
  scope: ChartScope;
  settings: LineSettings;
  view: ChartsView;
  change: (part: Partial<ChartsView>) => void;
  visible: boolean;
  width: number;
  large?: boolean;
  asTable?: boolean;
  chart?: RefObject<LineChartHandle | null>;
}

/** What is inside of a panel's frame. */
export function PanelBody(props: BodyProps) {
  if (props.panel.kind === "line") return <LineBody {...props} />;
  return <OtherBody {...props} kind={props.panel.kind} />;
}

function LineBody({
  panel,
  scope,
  settings,
  view,
  change,
  visible,
  width,
  large = false,
  asTable = false,
  chart,
}: BodyProps) {
  const { t } = useTranslation();
  const data = usePanel(panel, scope, settings, view.zoom, { visible, width });
  const body = () => {
    if (data.error && data.lines.length === 0) {
      return <Failure compact title={t("charts.error")} error={data.error} onRetry={data.retry} />;
    }
    if (!visible && data.lines.length === 0) return null;
    if (data.isLoading || (data.isFetching && data.lines.length === 0)) {
      return <Skeleton height="100%" />;
    }
    if (data.lines.length === 0) {
      return (
        <p className={styles.nothing}>{view.zoom ? t("charts.empty") : t("charts.emptyPanel")}</p>
      );
    }
    return (
      <PanelChart
        ref={chart}
        data={data}
        panel={panel}
        settings={settings}
        view={view}
        change={change}
        as={asTable ? "table" : "chart"}
        legend={large ? "bottom" : "none"}
      />
    );
  };
  return (
    <div
      className={large ? styles.largePlot : styles.plot}
      data-fetching={data.isFetching || undefined}
    >
      {body()}
    </div>
  );
}

function OtherBody({
  panel,
  scope,
  visible,
  large = false,
  kind,
}: BodyProps & { kind: Exclude<PanelKind, "line"> }) {
  const navigate = useNavigate();
  const arranging = useArranging();
  const onKeep = useKeepRuns();
  const Panel = kinds[kind];
  return (
    <div className={large ? styles.largePlot : styles.plot}>
      {visible && (
        <Suspense fallback={<Skeleton height="100%" />}>
          <Panel
            panel={panel}
            scope={scope}
            large={large}
            onOptions={
              arranging ? (options) => arranging.change(panel.id, { options }, true) : undefined
            }
            onKeep={onKeep ?? undefined}
            onOpenRun={(run) =>
              navigate({
                to: "/$entity/$project/runs/$run",
                params: { entity: scope.entity, project: scope.project, run },
              })
            }
          />
        </Suspense>
      )}
    </div>
  );
}
