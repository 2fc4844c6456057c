import { useQuery } from "@tanstack/react-query";
import { useNavigate, useParams } from "@tanstack/react-router";
import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import { projectQuery } from "@/api/projects";
import { runFieldsQuery } from "@/api/runs";
import { Failure } from "@/features/failure";
import { MissingProject, useMissing } from "@/features/missing";
import { FirstRun } from "@/features/projects/first-run";
import { useRunList } from "@/features/run-list";
import { usePageTitle } from "@/features/title";
import { useRunsView } from "@/features/url";
import { usualColumns } from "@/lib/columns";
import { Button } from "@/ui/button";
import { EmptyState, SkeletonRows } from "@/ui/states";
import { ColumnChooser } from "./column-chooser";
import { ExportButton } from "./export";
import { RunFilters } from "./filters";
import { RunPreview } from "./preview";
import styles from "./runs.module.css";
import { RunsTable } from "./table";

/** All runs of a project as a table. */
export function RunsPage() {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const { entity, project } = useParams({ from: "/inside/$entity/$project/runs" });
  const info = useQuery(projectQuery(entity, project));
  const missing = useMissing(info, `${entity}/${project}`);
  const [view, change] = useRunsView();
  const list = useRunList(entity, project, view);
  const config = useQuery(runFieldsQuery(entity, project, "config"));
  const summary = useQuery(runFieldsQuery(entity, project, "summary"));
  usePageTitle(t("runs.title"), project);
  const fields = useMemo(
    () => ({ config: config.data ?? [], summary: summary.data ?? [] }),
    [config.data, summary.data],
  );
  const usual = usualColumns(fields.config, fields.summary, list.runs);
  const named = JSON.stringify(view.columns ?? usual);
  const columns = useMemo(() => JSON.parse(named) as string[], [named]);

  if (missing) return <MissingProject entity={entity} project={project} />;
  const searching = view.search !== "" || view.filter !== "";
  if (!list.isLoading && !list.error && list.total === 0 && !searching && !list.filterError) {
    return <FirstRun project={project} />;
  }
  const body = () => {
    if (list.isLoading || (view.columns === null && (config.isPending || summary.isPending))) {
      return <SkeletonRows rows={14} label={t("common.loading")} />;
    }
    if (list.error) {
      return <Failure title={t("runs.error")} error={list.error} onRetry={list.retry} />;
    }
    if (list.runs.length === 0) {
      return (
        <EmptyState
          icon="search"
          title={list.filterError ? t("runs.badFilter") : t("runs.noMatch")}
          action={
            <Button onClick={() => change({ search: "", filter: "" })}>
              {t("runs.clearFilters")}
            </Button>
          }
        >
          {list.filterError ? list.filterError.message : t("runs.noMatchText")}
        </EmptyState>
      );
    }
    return (
      <RunsTable
        list={list}
        columns={columns}
        sort={view.sort}
        openRun={view.open}
        onSort={(sort) => change({ sort })}
        onOpen={(open) => change({ open })}
      />
    );
  };

  return (
    <div className={styles.page}>
      <header className={styles.toolbar}>
        <RunFilters
          inline
          entity={entity}
          project={project}
          view={view}
          change={change}
          list={list}
        />
        <div className={styles.actions}>
          <span className={styles.total} aria-live="polite">
            {t("runs.total", { count: list.total })}
          </span>
          <ColumnChooser
            columns={columns}
            fields={fields}
            onColumns={(chosen) => change({ columns: chosen })}
          />
          <ExportButton
            entity={entity}
            project={project}
            view={view}
            columns={columns}
            total={list.total}
          />
        </div>
      </header>
      {body()}
      <RunPreview
        entity={entity}
        project={project}
        run={view.open}
        onClose={() => change({ open: null })}
        onFull={(run) =>
          navigate({ to: "/$entity/$project/runs/$run", params: { entity, project, run } })
        }
      />
    </div>
  );
}
