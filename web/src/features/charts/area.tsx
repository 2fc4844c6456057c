import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useCallback, useMemo, useRef } from "react";
import { useTranslation } from "react-i18next";
import { keysOfRunsQuery, loggedKeys, MAX_KEYS } from "@/api/keys";
import { useLiveEvent } from "@/api/stream";
import { Failure } from "@/features/failure";
import { useChartsView } from "@/features/url";
import type { ViewController } from "@/features/views/use-view-state";
import { isHidden } from "@/lib/axis";
import { cascade, settingsOfView } from "@/lib/line-settings";
import { compilePattern, historySections, searchSections, systemSections } from "@/lib/sections";
import type { WorkspaceLayout } from "@/lib/workspace-layout";
import { arrange, emptyLayout } from "@/lib/workspace-layout";
import { Button } from "@/ui/button";
import { EmptyState, Notice, Skeleton } from "@/ui/states";
import { useShortcuts } from "@/ui/use-shortcuts";
import { useThrottled } from "@/ui/use-throttled";
import { AddPanel } from "./add-panel";
import { ArrangeProvider, useArranging } from "./arrange";
import styles from "./charts.module.css";
import { FullScreen } from "./full-screen";
import { Editor } from "./panel-editor";
import { PanelSection } from "./section";
import { ChartsToolbar } from "./toolbar";
import type { ChartScope } from "./types";

/** Sections of panels over the logged keys of some runs. */
export function PanelArea({
  scope,
  loadingRuns,
  start,
  layout,
}: {
  scope: ChartScope;
  loadingRuns: boolean;
  /** First things in the toolbar, say the button that opens the list of runs. */
  start?: React.ReactNode;
  /** How the panels are arranged; without it they are as they come. */
  layout?: ViewController<WorkspaceLayout>;
}) {
  const { t } = useTranslation();
  const [view, change] = useChartsView();
  const scroller = useRef<HTMLDivElement>(null);
  const ids = useMemo(() => scope.runs.map((run) => run.id), [scope.runs]);
  const metrics = useMemo(() => scope.runs.flatMap((run) => run.metrics), [scope.runs]);
  const known = useQuery(keysOfRunsQuery(scope.entity, scope.project, ids, scope.stream));
  const deeper = Boolean(known.data?.more && view.panels && compilePattern(view.panels));
  const found = useQuery({
    ...keysOfRunsQuery(scope.entity, scope.project, ids, scope.stream, view.panels),
    enabled: deeper && ids.length > 0,
  });
  const client = useQueryClient();
  const refetchKeys = () => {
    void client.invalidateQueries({ queryKey: loggedKeys.project(scope.entity, scope.project) });
  };
  // Many runs begin at once, and each says so.
  const refetchSoon = useThrottled(refetchKeys, 500);
  useLiveEvent("history.appended", (event) => {
    const isOurs = event.entity === scope.entity && event.project === scope.project;
    if (isOurs && event.keys_added && ids.includes(event.run)) refetchSoon();
  });
  useLiveEvent("resync", refetchKeys);
  const keys = deeper ? (found.data ?? known.data) : known.data;

  const all = useMemo(() => {
    const names = (keys?.keys ?? []).filter(
      (key) => !key.startsWith("_") && !isHidden(key, metrics),
    );
    return scope.stream === "system" ? systemSections(names) : historySections(names);
  }, [keys, metrics, scope.stream]);
  const logged = useMemo(
    () => all.flatMap((section) => section.panels.flatMap((p) => p.keys)),
    [all],
  );
  const look = layout?.layout ?? emptyLayout;
  const arranged = useMemo(() => arrange(all, look), [all, look]);
  const sections = useMemo(() => searchSections(arranged, view.panels), [arranged, view.panels]);
  const settings = useMemo(() => cascade(look.settings, settingsOfView(view)), [look, view]);
  const resetZoom = useCallback(() => change({ zoom: null }), [change]);
  useShortcuts(view.zoom ? { Escape: resetZoom } : {});

  const body = () => {
    if (loadingRuns || (known.isPending && ids.length > 0)) return <LoadingPanels />;
    if (ids.length === 0) {
      return (
        <EmptyState icon="eyeOff" title={t("charts.noRuns")}>
          {t("charts.noRunsText")}
        </EmptyState>
      );
    }
    if (known.isError) {
      return <Failure title={t("charts.keysError")} error={known.error} onRetry={known.refetch} />;
    }
    if (arranged.length === 0 && !view.panels) {
      const system = scope.stream === "system";
      return (
        <EmptyState
          icon={system ? "cpu" : "chart"}
          title={system ? t("charts.noSystem") : t("charts.noKeys")}
        >
          {system ? t("charts.noSystemText") : t("charts.noKeysText")}
        </EmptyState>
      );
    }
    if (sections.length === 0) {
      return (
        <EmptyState
          icon="search"
          title={t("charts.noMatch", { query: view.panels })}
          action={<Button onClick={() => change({ panels: "" })}>{t("common.clear")}</Button>}
        >
          {t("charts.noMatchText")}
        </EmptyState>
      );
    }
    return sections.map((section) => (
      <PanelSection
        key={section.name}
        section={section}
        scope={scope}
        settings={settings}
        view={view}
        change={change}
        open={view.panels !== "" || !view.closed.includes(section.name || "-")}
      />
    ));
  };

  return (
    <ArrangeProvider of={layout} sections={arranged}>
      <div className={styles.area}>
        <ChartsToolbar scope={scope} view={view} change={change} keys={logged} start={start} />
        <div className={styles.scroll} ref={scroller}>
          {keys?.more && (
            <div className={styles.notice}>
              <Notice kind="warning">{t("charts.moreKeys", { count: MAX_KEYS })}</Notice>
            </div>
          )}
          {body()}
          {layout && arranged.length > 0 && !view.panels && <AddSection />}
        </div>
        {view.full !== null && (
          <FullScreen
            sections={arranged}
            scope={scope}
            settings={settings}
            view={view}
            change={change}
            id={view.full}
          />
        )}
        {layout && (
          <>
            <Editor scope={scope} view={view} change={change} settings={settings} keys={logged} />
            <AddPanel scope={scope} keys={logged} />
          </>
        )}
      </div>
    </ArrangeProvider>
  );
}

function AddSection() {
  const { t } = useTranslation();
  const arranging = useArranging();
  if (!arranging) return null;
  return (
    <div className={styles.addSection}>
      <Button
        size="s"
        variant="ghost"
        icon="plus"
        onClick={() => arranging.addSection(t("panels.newSection"))}
      >
        {t("panels.addSection")}
      </Button>
    </div>
  );
}

function LoadingPanels() {
  const { t } = useTranslation();
  return (
    <div className={styles.section} role="status" aria-label={t("common.loading")}>
      <div className={styles.sectionHead}>
        <Skeleton width={120} height={16} />
      </div>
      <div className={styles.grid} data-size="m">
        {[0, 1, 2, 3, 4, 5].map((index) => (
          <div key={index} className={styles.panel}>
            <Skeleton width="40%" />
            <Skeleton height="calc(100% - 26px)" style={{ marginTop: 12 }} />
          </div>
        ))}
      </div>
    </div>
  );
}
