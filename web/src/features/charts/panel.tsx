import { memo, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import type { LineChartHandle } from "@/charts/line";
import { Failure } from "@/features/failure";
import type { PanelSpec } from "@/lib/sections";
import type { ChartsView } from "@/lib/view";
import { IconButton } from "@/ui/button";
import { Skeleton } from "@/ui/states";
import styles from "./charts.module.css";
import { PanelChart } from "./panel-chart";
import { PanelMenu } from "./panel-menu";
import type { ChartScope } from "./types";
import { usePanel } from "./use-panel";
import { useVisible, useWidth } from "./use-visible";

export interface PanelProps {
  panel: PanelSpec;
  scope: ChartScope;
  view: ChartsView;
  change: (part: Partial<ChartsView>) => void;
}

/** A card with one chart; asks for its numbers only while it is in sight. */
export const Panel = memo(function Panel({ panel, scope, view, change }: PanelProps) {
  const { t } = useTranslation();
  const card = useRef<HTMLElement>(null);
  const chart = useRef<LineChartHandle>(null);
  const visible = useVisible(card);
  const width = useWidth(card);
  const [asTable, setAsTable] = useState(false);
  const data = usePanel(panel, scope, view, { visible, width });

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
        view={view}
        change={change}
        as={asTable ? "table" : "chart"}
        legend="none"
      />
    );
  };

  return (
    <article ref={card} className={styles.panel} aria-label={panel.title}>
      <header className={styles.panelHead}>
        <h3 className="truncate" title={panel.title}>
          {panel.title}
        </h3>
        <span className={styles.panelTools}>
          <IconButton
            icon="expand"
            size="s"
            label={t("charts.fullScreen")}
            onClick={() => change({ full: panel.id })}
          />
          <PanelMenu panel={panel} chart={chart} asTable={asTable} onTable={setAsTable} />
        </span>
      </header>
      <div className={styles.plot} data-fetching={data.isFetching || undefined}>
        {body()}
      </div>
    </article>
  );
});
