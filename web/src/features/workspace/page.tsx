import { useQueries, useQuery } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { useCallback, useMemo, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { projectQuery } from "@/api/projects";
import { runQuery } from "@/api/runs";
import { PanelArea } from "@/features/charts/area";
import { KeepRuns } from "@/features/charts/keep";
import type { ChartRun, ChartScope } from "@/features/charts/types";
import { Failure } from "@/features/failure";
import { MissingProject, useMissing } from "@/features/missing";
import { FirstRun } from "@/features/projects/first-run";
import { useRunList } from "@/features/run-list";
import { usePageTitle } from "@/features/title";
import { chartNames, runNames, useRunsView } from "@/features/url";
import { useViewState } from "@/features/views/use-view-state";
import { ViewBar } from "@/features/views/view-bar";
import { hashText, paletteOf, runColor } from "@/lib/colors";
import { groupRuns } from "@/lib/groups";
import { shownRuns } from "@/lib/selection";
import { readWorkspaceLayout } from "@/lib/workspace-layout";
import { Button } from "@/ui/button";
import { Drawer } from "@/ui/dialog";
import { useNarrow } from "@/ui/use-media";
import { useTheme } from "@/ui/use-theme";
import { RunSelector } from "./selector";
import styles from "./workspace.module.css";

/** Words of the address that a saved view keeps: what is open at the moment is none. */
const savedNames = [...runNames, ...chartNames].filter(
  (name) => !["open", "full", "columns"].includes(name),
);

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
  const layout = useViewState({
    entity,
    project,
    kind: "workspace",
    names: savedNames,
    read: readWorkspaceLayout,
  });
  usePageTitle(project);

  const pinned = useQueries({
    queries: [...new Set([...(view.baseline ? [view.baseline] : []), ...view.pins])].map((run) =>
      runQuery(entity, project, run),
    ),
  });
  const marked = useSame(pinned.flatMap((query) => query.data ?? []));
  const known = list.runs.map((run) => run.id);
  const ids = useSame([
    ...new Set([...marked.map((run) => run.id), ...shownRuns(view.selection, known)]),
  ]);
  const scope: ChartScope = useMemo(() => {
    const byId = new Map([...marked, ...list.runs].map((run) => [run.id, run]));
    const shown = ids.flatMap((id) => byId.get(id) ?? []);
    const groups = groupRuns(shown, view.group);
    const palette = paletteOf(theme);
    const runs = ids.map((id): ChartRun => {
      const run = byId.get(id);
      const group = groups.get(id);
      return {
        id,
        label: run?.display_name ?? id,
        color: runColor(run?.number ?? hashText(id), theme),
        metrics: run?.metrics ?? [],
        ...(run ? { run } : {}),
        ...(group
          ? {
              group: {
                ...group,
                color: palette[hashText(group.id) % palette.length] ?? "#3350d1",
              },
            }
          : {}),
        strong: view.pins.includes(id),
        baseline: view.baseline === id,
      };
    });
    return { entity, project, stream: "history", runs };
  }, [entity, project, list.runs, ids, theme, marked, view.group, view.pins, view.baseline]);
  const keep = useCallback(
    (runs: readonly string[]) => change({ selection: { first: 0, shown: [...runs], hidden: [] } }),
    [change],
  );

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
      <KeepRuns value={keep}>
        <PanelArea
          scope={scope}
          loadingRuns={list.isLoading || layout.loading}
          layout={layout}
          start={
            <>
              {narrow && (
                <Button icon="eye" aria-label={t("runs.drawer")} onClick={() => setDrawer(true)}>
                  <span className="numeric">{ids.length}</span>
                </Button>
              )}
              <ViewBar of={layout} />
            </>
          }
        />
      </KeepRuns>
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
function useSame<T>(items: T[]): T[] {
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
