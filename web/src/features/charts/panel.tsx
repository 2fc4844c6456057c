import { memo, useMemo, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import type { LineChartHandle } from "@/charts/line";
import type { LineSettings } from "@/lib/line-settings";
import { cascade } from "@/lib/line-settings";
import type { ChartsView } from "@/lib/view";
import type { ArrangedPanel } from "@/lib/workspace-layout";
import { IconButton } from "@/ui/button";
import { useArranging } from "./arrange";
import styles from "./charts.module.css";
import { DRAGGED_PANEL } from "./drag";
import { PanelBody } from "./panel-body";
import { PanelMenu } from "./panel-menu";
import type { ChartScope } from "./types";
import { useVisible, useWidth } from "./use-visible";

interface PanelProps {
  panel: ArrangedPanel;
  scope: ChartScope;
  /** What the levels above say. */
  settings: LineSettings;
  view: ChartsView;
  change: (part: Partial<ChartsView>) => void;
}

const COLUMNS = 4;
const LEAST_HEIGHT = 150;

/** A chart in its frame; asks for data only near the screen. */
export const Panel = memo(function Panel({ panel, scope, settings, view, change }: PanelProps) {
  const { t } = useTranslation();
  const card = useRef<HTMLElement>(null);
  const chart = useRef<LineChartHandle>(null);
  const arranging = useArranging();
  const visible = useVisible(card);
  const width = useWidth(card);
  const [asTable, setAsTable] = useState(false);
  const [over, setOver] = useState(false);
  const own = useMemo(() => cascade(settings, panel.settings), [settings, panel.settings]);
  const title = panel.title || t(`panels.kind.${panel.kind}`);
  const style = {
    ...(panel.columns === 1
      ? {}
      : { gridColumn: panel.columns === 0 ? "1 / -1" : `span ${panel.columns}` }),
    ...(panel.height === null ? {} : { height: panel.height }),
  };

  return (
    <article
      ref={card}
      className={styles.panel}
      aria-label={title}
      data-over={over || undefined}
      style={style}
      onDragOver={(event) => {
        if (!arranging || !event.dataTransfer.types.includes(DRAGGED_PANEL)) return;
        event.preventDefault();
        event.stopPropagation();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={(event) => {
        setOver(false);
        const id = event.dataTransfer.getData(DRAGGED_PANEL);
        if (!id || !arranging) return;
        event.preventDefault();
        event.stopPropagation();
        arranging.move(id, { section: panel.section, before: panel.id });
      }}
    >
      {/* biome-ignore lint/a11y/noStaticElementInteractions: the menu moves panels by keyboard */}
      <header
        className={styles.panelHead}
        draggable={arranging !== null}
        onDragStart={(event) => {
          event.dataTransfer.setData(DRAGGED_PANEL, panel.id);
          event.dataTransfer.effectAllowed = "move";
        }}
      >
        <h3 className="truncate" title={title}>
          {title}
        </h3>
        <span className={styles.panelTools}>
          {arranging && (
            <IconButton
              icon="edit"
              size="s"
              label={t("panels.edit", { title })}
              onClick={() => arranging.edit({ panel: panel.id })}
            />
          )}
          <IconButton
            icon="expand"
            size="s"
            label={t("charts.fullScreen")}
            onClick={() => change({ full: panel.id })}
          />
          <PanelMenu panel={panel} chart={chart} asTable={asTable} onTable={setAsTable} />
        </span>
      </header>
      <PanelBody
        panel={{ ...panel, title }}
        scope={scope}
        settings={own}
        view={view}
        change={change}
        visible={visible}
        width={width}
        asTable={asTable}
        chart={chart}
      />
      {arranging && <Corner panel={panel} card={card} />}
    </article>
  );
});

/** Drags the size of a panel: its height, and how many columns it takes. */
function Corner({
  panel,
  card,
}: {
  panel: ArrangedPanel;
  card: React.RefObject<HTMLElement | null>;
}) {
  const arranging = useArranging();
  const start = useRef({ x: 0, y: 0, height: 0, columns: 1, column: 1, most: COLUMNS });
  if (!arranging) return null;
  return (
    <span
      className={styles.cornerGrip}
      onPointerDown={(event) => {
        const element = card.current;
        const grid = element?.parentElement;
        if (!element || !grid) return;
        event.preventDefault();
        event.currentTarget.setPointerCapture(event.pointerId);
        const tracks = getComputedStyle(grid).gridTemplateColumns.split(" ");
        start.current = {
          x: event.clientX,
          y: event.clientY,
          height: element.offsetHeight,
          columns: panel.columns === 0 ? tracks.length : panel.columns,
          column: Number.parseFloat(tracks[0] ?? "300") + 12,
          most: tracks.length,
        };
      }}
      onPointerMove={(event) => {
        if (!event.currentTarget.hasPointerCapture(event.pointerId)) return;
        const from = start.current;
        const columns = from.columns + Math.round((event.clientX - from.x) / from.column);
        const height = Math.round((from.height + event.clientY - from.y) / 4) * 4;
        arranging.change(
          panel.id,
          {
            columns: Math.min(from.most, Math.max(1, columns)),
            height: Math.max(LEAST_HEIGHT, height),
          },
          true,
        );
      }}
    />
  );
}
