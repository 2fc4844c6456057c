import { useInfiniteQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { useCallback, useState } from "react";
import { useTranslation } from "react-i18next";
import { projectKeys, projectsQuery } from "@/api/projects";
import { useLiveEvent } from "@/api/stream";
import type { Project } from "@/api/types";
import { Failure } from "@/features/failure";
import { Moment } from "@/features/moment";
import { useStateLabel } from "@/features/runs/state";
import { usePageTitle } from "@/features/title";
import type { Params } from "@/lib/view";
import { Button } from "@/ui/button";
import { runStates, StateChip, StateGlyph } from "@/ui/chip";
import { SearchInput } from "@/ui/field";
import { Icon } from "@/ui/icon";
import { EmptyState, Skeleton } from "@/ui/states";
import { useDraft } from "@/ui/use-debounced";
import { useListKeys } from "@/ui/use-shortcuts";
import { useThrottled } from "@/ui/use-throttled";
import { CreateProject } from "./create";
import { FirstRun } from "./first-run";
import styles from "./projects.module.css";

export function ProjectsPage() {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const search = (useSearch({ strict: false }) as Params).q ?? "";
  usePageTitle(t("projects.title"));
  const [creating, setCreating] = useState(false);
  const [at, setAt] = useState(-1);
  const setSearch = useCallback(
    (q: string) => {
      const next: Params = q === "" ? {} : { q };
      navigate({ to: "/", search: next, replace: true });
    },
    [navigate],
  );
  const [draft, setDraft] = useDraft(search, setSearch);
  const projects = useInfiniteQuery(projectsQuery(search));
  useLiveProjects();
  const items = projects.data?.pages.flatMap((page) => page.items) ?? [];
  const total = projects.data?.pages[0]?.total ?? items.length;
  const open = (index: number) => {
    const item = items[index];
    if (!item) return;
    const params = { entity: item.entity, project: item.name };
    navigate({ to: "/$entity/$project", params });
  };
  useListKeys({ count: items.length, index: at, onIndex: setAt, onOpen: open });

  const nothingYet = projects.isSuccess && items.length === 0 && search === "";
  return (
    <div className={styles.page}>
      <header className={styles.head}>
        <h1>{t("projects.title")}</h1>
        {projects.isSuccess && total > 0 && (
          <span className="muted numeric">{t("projects.total", { count: total })}</span>
        )}
        <span className={styles.grow} />
        {!nothingYet && (
          <div data-search className={styles.search}>
            <SearchInput
              label={t("projects.search")}
              placeholder={t("projects.search")}
              value={draft}
              onValue={setDraft}
            />
          </div>
        )}
        <Button
          icon="plus"
          variant={nothingYet ? "default" : "primary"}
          onClick={() => setCreating(true)}
        >
          {t("projects.new")}
        </Button>
      </header>
      {projects.isPending && <Loading />}
      {projects.isError && (
        <Failure title={t("projects.error")} error={projects.error} onRetry={projects.refetch} />
      )}
      {nothingYet && <FirstRun />}
      {projects.isSuccess && items.length === 0 && search !== "" && (
        <EmptyState icon="search" title={t("projects.noMatch", { query: search })} />
      )}
      <ul className={styles.cards}>
        {items.map((project, index) => (
          <Card
            key={`${project.entity}/${project.name}`}
            project={project}
            current={index === at}
          />
        ))}
      </ul>
      {projects.hasNextPage && (
        <div className={styles.more}>
          <Button busy={projects.isFetchingNextPage} onClick={() => projects.fetchNextPage()}>
            {t("common.showMore", { count: total - items.length })}
          </Button>
        </div>
      )}
      <CreateProject open={creating} onOpen={setCreating} />
    </div>
  );
}

/** Counts follow the events of all projects, at most every few seconds. */
function useLiveProjects() {
  const client = useQueryClient();
  const refetch = useThrottled(
    () => void client.invalidateQueries({ queryKey: projectKeys.all }),
    1500,
  );
  useLiveEvent("run.changed", refetch);
  useLiveEvent("project.changed", refetch);
  useLiveEvent("resync", refetch);
}

function Card({ project, current }: { project: Project; current: boolean }) {
  const { t } = useTranslation();
  const label = useStateLabel();
  return (
    <li>
      <Link
        to="/$entity/$project"
        params={{ entity: project.entity, project: project.name }}
        className={styles.card}
        data-current={current || undefined}
      >
        <div className={styles.title}>
          <div className={styles.over}>
            <span className="truncate">{project.entity}</span>
            <span className={styles.grow} />
            <Icon name="clock" size={13} />
            {project.last_run_at ? <Moment at={project.last_run_at} /> : t("projects.noRuns")}
          </div>
          <h2 className="truncate" title={project.name}>
            {project.name}
          </h2>
        </div>
        <p className={styles.description}>{project.description}</p>
        <div className={styles.facts}>
          {project.running > 0 && (
            <StateChip state="running" label={t("projects.running", { count: project.running })} />
          )}
          <span className="numeric">{t("projects.runs", { count: project.runs })}</span>
          {runStates
            .filter((state) => state !== "running" && (project.states[state] ?? 0) > 0)
            .map((state) => (
              <span key={state} className={styles.state}>
                <StateGlyph state={state} label={label(state)} />
                <span className="numeric">{project.states[state]?.toLocaleString()}</span>
              </span>
            ))}
        </div>
      </Link>
    </li>
  );
}

function Loading() {
  const { t } = useTranslation();
  return (
    <div className={styles.cards} role="status" aria-label={t("common.loading")}>
      {[0, 1, 2, 3, 4, 5].map((index) => (
        <div key={index} className={styles.card}>
          <Skeleton width="30%" height={11} />
          <Skeleton width="64%" height={18} style={{ marginTop: 8 }} />
          <Skeleton width="90%" height={12} style={{ marginTop: 34 }} />
        </div>
      ))}
    </div>
  );
}
