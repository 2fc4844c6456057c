import { useQuery } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { useMemo, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { projectQuery } from "@/api/projects";
import { PanelArea } from "@/features/charts/area";
import type { ChartScope } from "@/features/charts/types";
import { Failure } from "@/features/failure";
import { MissingProject, useMissing } from "@/features/missing";
import { FirstRun } from "@/features/projects/first-run";
import { useRunList } from "@/features/run-list";
import { usePageTitle } from "@/features/title";
import { useRunsView } from "@/features/url";
import { hashText, runColor } from "@/lib/colors";
import { shownRuns } from "@/lib/selection";
import { Button } from "@/ui/button";
import { Drawer } from "@/ui/dialog";
import { useNarrow } from "@/ui/use-media";
import { useTheme } from "@/ui/use-theme";
import { RunSelector } from "./selector";
import styles from "./workspace.module.css";

/** Many runs of a project, their lines side by side. */
export function WorkspacePage() {
  const { t } = useTranslation();
  const { entity, project } = useParams({ from: "/inside/$entity/$project" });
  const info = useQuery(projectQuery(entity, project));
  const missing = useMissing(info, `${entity}/${project}`);
  const [view, change] = useRunsView();
  const list = useRunList(entity, project, view);
  const theme = useTheme();
  const narrow = useNarrow();
  const [drawer, setDrawer] = useState(false);
  usePageTitle(project);

  const known = list.runs.map((run) => run.id);
  const ids = useSame(shownRuns(view.selection, known));
  const scope: ChartScope = useMemo(() => {
    const byId = new Map(list.runs.map((run) => [run.id, run]));
    const runs = ids.map((id) => ({
      id,
      label: byId.get(id)?.display_name ?? id,
      color: runColor(byId.get(id)?.number ?? hashText(id), theme),
      metrics: byId.get(id)?.metrics ?? [],
    }));
    return { entity, project, stream: "history", runs };
  }, [entity, project, list.runs, ids, theme]);

  if (missing) return <MissingProject entity={entity} project={project} />;
  if (list.error && list.runs.length === 0) {
    return <Failure title={t("runs.error")} error={list.error} onRetry={list.retry} />;
  }
  const nothing =
    !list.isLoading && list.total === 0 && !view.search && !view.filter && !list.filterError;
  if (nothing) return <FirstRun project={project} />;

  const selector = (
    <RunSelector
      entity={entity}
      project={project}
      list={list}
      view={view}
      change={change}
      shown={ids}
    />
  );
  return (
    <div className={styles.workspace}>
      {!narrow && <Resizable label={t("runs.resize")}>{selector}</Resizable>}
      <PanelArea
        scope={scope}
        loadingRuns={list.isLoading}
        start={
          narrow && (
            <Button icon="eye" onClick={() => setDrawer(true)}>
              <span className="numeric">{ids.length}</span>
            </Button>
          )
        }
      />
      {narrow && (
        <Drawer
          open={drawer}
          onOpen={setDrawer}
          side="left"
          width={400}
          title={t("runs.drawer")}
          closeLabel={t("common.close")}
        >
          {selector}
        </Drawer>
      )}
    </div>
  );
}

/** The list before, as long as the new one is equal. */
function useSame(items: string[]): string[] {
  const before = useRef(items);
  const same =
    before.current.length === items.length &&
    before.current.every((item, index) => item === items[index]);
  if (!same) before.current = items;
  return before.current;
}

const STORAGE_KEY = "kiseki.selector";
const [NARROWEST, WIDEST, USUAL] = [220, 640, 304];

/** A side panel whose edge can be dragged, or moved with the arrow keys. */
function Resizable({ label, children }: { label: string; children: React.ReactNode }) {
  const [width, setWidth] = useState(() => Number(localStorage.getItem(STORAGE_KEY)) || USUAL);
  const resize = (to: number) => {
    const next = Math.round(Math.min(WIDEST, Math.max(NARROWEST, to)));
    localStorage.setItem(STORAGE_KEY, String(next));
    setWidth(next);
  };
  return (
    <aside className={styles.side} style={{ width }}>
      {children}
      {/* biome-ignore lint/a11y/useSemanticElements: a rule cannot be moved */}
      <div
        role="separator"
        tabIndex={0}
        aria-orientation="vertical"
        aria-label={label}
        aria-valuenow={width}
        aria-valuemin={NARROWEST}
        aria-valuemax={WIDEST}
        className={styles.edge}
        onDoubleClick={() => resize(USUAL)}
        onKeyDown={(event) => {
          if (event.key === "ArrowLeft") resize(width - 16);
          if (event.key === "ArrowRight") resize(width + 16);
        }}
        onPointerDown={(event) => {
          event.currentTarget.setPointerCapture(event.pointerId);
          event.preventDefault();
        }}
        onPointerMove={(event) => {
          if (!event.currentTarget.hasPointerCapture(event.pointerId)) return;
          const left = event.currentTarget.parentElement?.getBoundingClientRect().left ?? 0;
          resize(event.clientX - left);
        }}
      />
    </aside>
  );
}
