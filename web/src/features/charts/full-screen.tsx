import { useQuery } from "@tanstack/react-query";
import { useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { statsQuery } from "@/api/keys";
import type { LineChartHandle } from "@/charts/line";
import { formatNumber, readNumber } from "@/lib/format";
import type { LineSettings } from "@/lib/line-settings";
import { cascade } from "@/lib/line-settings";
import type { ChartsView } from "@/lib/view";
import type { ArrangedPanel, ArrangedSection } from "@/lib/workspace-layout";
import { IconButton } from "@/ui/button";
import { Dialog } from "@/ui/dialog";
import { EmptyState } from "@/ui/states";
import { useShortcuts } from "@/ui/use-shortcuts";
import styles from "./charts.module.css";
import { PanelBody } from "./panel-body";
import { PanelMenu } from "./panel-menu";
import type { ChartRun, ChartScope } from "./types";
import { useWidth } from "./use-visible";

/** Runs whose values are listed beside a large panel. */
const LISTED = 50;

interface FullScreenProps {
  sections: readonly ArrangedSection[];
  scope: ChartScope;
  settings: LineSettings;
  view: ChartsView;
  change: (part: Partial<ChartsView>) => void;
  id: string;
}

/** One panel as large as the window, with the values of its runs. */
export function FullScreen({ sections, scope, settings, view, change, id }: FullScreenProps) {
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
      title={panel ? panel.title || t(`panels.kind.${panel.kind}`) : id}
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
          settings={cascade(
            settings,
            sections.find((section) => section.name === panel.section)?.settings,
            panel.settings,
          )}
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
  settings,
  view,
  change,
  chart,
  asTable,
}: {
  panel: ArrangedPanel;
  scope: ChartScope;
  settings: LineSettings;
  view: ChartsView;
  change: (part: Partial<ChartsView>) => void;
  chart: React.RefObject<LineChartHandle | null>;
  asTable: boolean;
}) {
  const { t } = useTranslation();
  const box = useRef<HTMLDivElement>(null);
  const width = useWidth(box);
  const body = (
    <PanelBody
      large
      panel={panel}
      scope={scope}
      settings={settings}
      view={view}
      change={change}
      visible
      width={width}
      asTable={asTable}
      chart={chart}
    />
  );
  if (panel.kind !== "line") {
    return (
      <div className={styles.largeAlone} ref={box}>
        {body}
      </div>
    );
  }
  return (
    <div className={styles.large}>
      <div className={styles.largeBox} ref={box}>
        {body}
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

function Values({ panel, scope, run }: { panel: ArrangedPanel; scope: ChartScope; run: ChartRun }) {
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
