import { useQuery } from "@tanstack/react-query";
import { useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { statsQuery } from "@/api/keys";
import type { LineChartHandle } from "@/charts/line";
import { formatNumber, readNumber } from "@/lib/format";
import type { PanelSpec, Section } from "@/lib/sections";
import type { ChartsView } from "@/lib/view";
import { IconButton } from "@/ui/button";
import { Dialog } from "@/ui/dialog";
import { EmptyState, Skeleton } from "@/ui/states";
import { useShortcuts } from "@/ui/use-shortcuts";
import styles from "./charts.module.css";
import { PanelChart } from "./panel-chart";
import { PanelMenu } from "./panel-menu";
import type { ChartRun, ChartScope } from "./types";
import { usePanel } from "./use-panel";
import { useWidth } from "./use-visible";

/** Runs whose values are listed beside a large panel. */
const LISTED = 50;

interface FullScreenProps {
  sections: readonly Section[];
  scope: ChartScope;
  view: ChartsView;
  change: (part: Partial<ChartsView>) => void;
  id: string;
}

/** One panel as large as the window, with the values of its runs. */
export function FullScreen({ sections, scope, view, change, id }: FullScreenProps) {
  const { t } = useTranslation();
  const panels = sections.flatMap((section) => section.panels);
  const at = panels.findIndex((panel) => panel.id === id);
  const panel = panels[at];
  const chart = useRef<LineChartHandle>(null);
  const [asTable, setAsTable] = useState(false);
  const go = (step: number) => {
    const next = panels[at + step];
    if (next) change({ full: next.id });
  };
  const keys = new Map([
    ["ArrowLeft", () => go(-1)],
    ["ArrowRight", () => go(1)],
  ]);
  useShortcuts(Object.fromEntries(keys), { overDialogs: true });
  return (
    <Dialog
      full
      open
      onOpen={(open) => !open && change({ full: null })}
      title={panel?.title ?? id}
      closeLabel={t("common.close")}
      extra={
        <>
          <IconButton
            icon="chevronLeft"
            size="s"
            label={t("charts.previousPanel")}
            hint="←"
            disabled={at <= 0}
            onClick={() => go(-1)}
          />
          <IconButton
            icon="chevronRight"
            size="s"
            label={t("charts.nextPanel")}
            hint="→"
            disabled={at < 0 || at >= panels.length - 1}
            onClick={() => go(1)}
          />
          {panel && (
            <PanelMenu panel={panel} chart={chart} asTable={asTable} onTable={setAsTable} />
          )}
        </>
      }
    >
      {panel ? (
        <Large
          key={panel.id}
          panel={panel}
          scope={scope}
          view={view}
          change={change}
          chart={chart}
          asTable={asTable}
        />
      ) : (
        <EmptyState icon="chart" title={t("charts.emptyPanel")} />
      )}
    </Dialog>
  );
}

function Large({
  panel,
  scope,
  view,
  change,
  chart,
  asTable,
}: {
  panel: PanelSpec;
  scope: ChartScope;
  view: ChartsView;
  change: (part: Partial<ChartsView>) => void;
  chart: React.RefObject<LineChartHandle | null>;
  asTable: boolean;
}) {
  const { t } = useTranslation();
  const box = useRef<HTMLDivElement>(null);
  const width = useWidth(box);
  const data = usePanel(panel, scope, view, { visible: true, width });
  return (
    <div className={styles.large}>
      <div className={styles.largePlot} ref={box} data-fetching={data.isFetching || undefined}>
        {data.lines.length > 0 ? (
          <PanelChart
            ref={chart}
            data={data}
            panel={panel}
            view={view}
            change={change}
            as={asTable ? "table" : "chart"}
            legend="bottom"
          />
        ) : data.isFetching ? (
          <Skeleton height="100%" />
        ) : (
          <p className={styles.nothing}>{t("charts.empty")}</p>
        )}
      </div>
      <div className={styles.values}>
        <table>
          <caption className="visually-hidden">{t("charts.values")}</caption>
          <thead>
            <tr>
              <th>{panel.keys.length > 1 ? t("charts.key") : t("charts.run")}</th>
              <th>{t("charts.last")}</th>
              <th>{t("charts.min")}</th>
              <th>{t("charts.max")}</th>
              <th>{t("charts.mean")}</th>
              <th>{t("charts.count")}</th>
            </tr>
          </thead>
          <tbody>
            {scope.runs.slice(0, LISTED).map((run) => (
              <Values key={run.id} panel={panel} scope={scope} run={run} />
            ))}
          </tbody>
        </table>
      </div>
    </div>
  );
}

function Values({ panel, scope, run }: { panel: PanelSpec; scope: ChartScope; run: ChartRun }) {
  const stats = useQuery(statsQuery(scope.entity, scope.project, run.id, scope.stream, panel.keys));
  const show = (value: unknown) => {
    const number = readNumber(value);
    return number === null ? "–" : formatNumber(number, 5);
  };
  const rows = stats.data ?? [];
  if (stats.isSuccess && rows.length === 0) return null;
  const list = rows.length > 0 ? rows : [null];
  return list.map((row) => (
    <tr key={`${run.id} ${row?.key ?? ""}`}>
      <th scope="row" title={`${run.label} ${row?.key ?? ""}`}>
        <i className={styles.swatch} style={{ background: run.color }} />
        <span className="truncate">{panel.keys.length > 1 && row ? row.key : run.label}</span>
      </th>
      <td>{show(row?.last)}</td>
      <td>{show(row?.min)}</td>
      <td>{show(row?.max)}</td>
      <td>{show(row?.mean)}</td>
      <td>{show(row?.count)}</td>
    </tr>
  ));
}
