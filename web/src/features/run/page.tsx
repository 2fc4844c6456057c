import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import { lazy, Suspense } from "react";
import { useTranslation } from "react-i18next";
import { runKeys, runQuery } from "@/api/runs";
import { useLiveEvent } from "@/api/stream";
import type { Run } from "@/api/types";
import { Failure } from "@/features/failure";
import { untilFound, useMissing } from "@/features/missing";
import { usePageTitle } from "@/features/title";
import type { IconName } from "@/ui/icon";
import { Icon } from "@/ui/icon";
import { EmptyState, SkeletonRows } from "@/ui/states";
import { useThrottled } from "@/ui/use-throttled";
import { RunHeader } from "./header";
import { RunHealth } from "./health";
import { RunOverview } from "./overview";
import styles from "./run.module.css";
import { TabRow } from "./tabs";

const tabs = [
  "overview",
  "charts",
  "media",
  "system",
  "logs",
  "files",
  "code",
  "artifacts",
] as const;
type Tab = (typeof tabs)[number];

const icons: Record<Tab, IconName> = {
  overview: "overview",
  charts: "chart",
  media: "eye",
  system: "cpu",
  logs: "terminal",
  files: "file",
  code: "branch",
  artifacts: "box",
};

const RunCharts = lazy(() => import("./charts").then((m) => ({ default: m.RunCharts })));
const RunLogs = lazy(() => import("./logs").then((m) => ({ default: m.RunLogs })));
const RunMedia = lazy(() => import("./media").then((m) => ({ default: m.RunMedia })));
const RunFiles = lazy(() => import("./files").then((m) => ({ default: m.RunFiles })));
const RunCode = lazy(() => import("./code").then((m) => ({ default: m.RunCode })));
const RunArtifacts = lazy(() => import("./artifacts").then((m) => ({ default: m.RunArtifacts })));

/** Everything about one run. */
export function RunPage() {
  const { t } = useTranslation();
  const params = useParams({ strict: false }) as Record<string, string>;
  const { entity = "", project = "", run: id = "" } = params;
  const tab = tabs.find((name) => name === params.tab) ?? "overview";
  const run = useQuery({ ...runQuery(entity, project, id), refetchInterval: untilFound });
  const missing = useMissing(run, `${entity}/${project}/${id}`);
  useLiveRun(entity, project, id);
  usePageTitle(run.data?.display_name ?? id, project);

  if (missing && !run.data) {
    return (
      <EmptyState icon="search" title={t("run.notFound", { name: id })}>
        {t("run.notFoundText")}
      </EmptyState>
    );
  }
  if (run.isPending) return <SkeletonRows rows={10} label={t("common.loading")} />;
  if (run.isError && !run.data) {
    return <Failure title={t("run.error")} error={run.error} onRetry={run.refetch} />;
  }
  return (
    <div className={styles.page}>
      <RunHeader run={run.data} />
      <TabRow label={t("run.tabs")} current={tab}>
        {tabs.map((name) => (
          <Link
            key={name}
            to="/$entity/$project/runs/$run/$tab"
            params={{ entity, project, run: id, tab: name }}
            aria-current={name === tab ? "page" : undefined}
          >
            <Icon name={icons[name]} size={15} />
            {t(`run.${name}`)}
          </Link>
        ))}
      </TabRow>
      <div className={styles.body}>
        <Suspense fallback={<SkeletonRows label={t("common.loading")} />}>
          <TabBody tab={tab} run={run.data} />
        </Suspense>
      </div>
    </div>
  );
}

function TabBody({ tab, run }: { tab: Tab; run: Run }) {
  switch (tab) {
    case "charts":
      return <RunCharts key="history" run={run} stream="history" />;
    case "media":
      return <RunMedia run={run} />;
    case "system":
      return <RunCharts key="system" run={run} stream="system" />;
    case "logs":
      return <RunLogs run={run} />;
    case "files":
      return <RunFiles run={run} />;
    case "code":
      return <RunCode run={run} />;
    case "artifacts":
      return <RunArtifacts run={run} />;
    default:
      return (
        <div className={styles.overview}>
          <RunHealth run={run} />
          <RunOverview run={run} />
        </div>
      );
  }
}

/** The summary follows the history no more often than this. */
const SUMMARY_INTERVAL = 2000;

function useLiveRun(entity: string, project: string, id: string) {
  const client = useQueryClient();
  const isOurs = (event: { entity: string; project: string; run: string }) =>
    event.entity === entity && event.project === project && event.run === id;
  const refetch = () => {
    void client.invalidateQueries({ queryKey: runKeys.one(entity, project, id) });
  };
  const refetchSoon = useThrottled(refetch, SUMMARY_INTERVAL);
  useLiveEvent("run.changed", (event) => isOurs(event) && refetch());
  useLiveEvent("history.appended", (event) => {
    if (isOurs(event) && event.stream === "history") refetchSoon();
  });
  useLiveEvent("resync", refetch);
}
