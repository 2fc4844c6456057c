import { useQuery } from "@tanstack/react-query";
import { useNavigate, useParams } from "@tanstack/react-router";
import { useCallback, useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { keysOfRunsQuery } from "@/api/keys";
import { projectQuery } from "@/api/projects";
import { runFieldsQuery, runQuery } from "@/api/runs";
import type { Run } from "@/api/types";
import { Failure } from "@/features/failure";
import { MissingProject, useMissing } from "@/features/missing";
import { FirstRun } from "@/features/projects/first-run";
import { useRunList } from "@/features/run-list";
import { usePageTitle } from "@/features/title";
import { runNames, useRunsView } from "@/features/url";
import { useViewState } from "@/features/views/use-view-state";
import { ViewBar } from "@/features/views/view-bar";
import { usualColumns } from "@/lib/columns";
import { FORMULA, movedTo, pinnedFirst, readTableLayout, toggled } from "@/lib/table-layout";
import { Button } from "@/ui/button";
import { EmptyState, SkeletonRows } from "@/ui/states";
import { useNarrow } from "@/ui/use-media";
import { useShortcuts } from "@/ui/use-shortcuts";
import { BulkBar } from "./bulk";
import { ColumnChooser } from "./column-chooser";
import type { ColumnActions } from "./column-head";
import { heatRanges, useColumns } from "./columns";
import { ExportButton } from "./export";
import { RunFilters } from "./filters";
import { FormulaDialog } from "./formula";
import { GroupMenu } from "./group-menu";
import { RunPreview } from "./preview";
import styles from "./runs.module.css";
import type { Line } from "./table";
import { RunsTable } from "./table";
import { useGroups } from "./use-groups";

/** Words of the address that a saved view keeps: what is open at the moment is none. */
const savedNames = runNames.filter((name) => name !== "open");
/** Runs whose logged keys are offered as courses. */
const SAMPLE = 20;
const MEASURES = 50;

/** All runs of a project as a table. */
export function RunsPage() {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const narrow = useNarrow();
  const { entity, project } = useParams({ from: "/inside/$entity/$project/runs" });
  const info = useQuery(projectQuery(entity, project));
  const missing = useMissing(info, `${entity}/${project}`);
  const [view, change] = useRunsView();
  const saved = useViewState({
    entity,
    project,
    kind: "runs",
    names: savedNames,
    read: readTableLayout,
  });
  const { layout } = saved;
  const list = useRunList(entity, project, view);
  const config = useQuery(runFieldsQuery(entity, project, "config"));
  const summary = useQuery(runFieldsQuery(entity, project, "summary"));
  const baseline = useQuery({
    ...runQuery(entity, project, view.baseline ?? ""),
    enabled: view.baseline !== null,
  });
  const [selected, setSelected] = useState<ReadonlyMap<string, Run>>(new Map());
  const [deleted, setDeleted] = useState<readonly string[]>([]);
  /** The formula that is being written; `null` makes a new one. */
  const [formula, setFormula] = useState<string | null | undefined>(undefined);
  usePageTitle(t("runs.title"), project);

  const fields = useMemo(
    () => ({ config: config.data ?? [], summary: summary.data ?? [] }),
    [config.data, summary.data],
  );
  const chosen = view.columns ?? usualColumns(fields.config, fields.summary, list.runs);
  const known = chosen.filter(
    (id) => !id.startsWith(FORMULA) || layout.formulas.some((each) => FORMULA + each.id === id),
  );
  const ids = ["display_name", ...pinnedFirst(known, layout.pinned)];
  const columns = useColumns(ids, layout, narrow);
  const sample = list.runs.slice(0, SAMPLE).map((run) => run.id);
  const keys = useQuery(keysOfRunsQuery(entity, project, sample, "history"));

  const by = view.group.except ? [] : view.group.fields;
  const grouped = by.length > 0;
  const measures = columns
    .map((column) => column.id)
    .filter((id) => id === "duration" || /^(config|summary)\./.test(id))
    .slice(0, MEASURES);
  const groups = useGroups(entity, project, view, by, measures, (filter) =>
    change({ filter, search: "", group: { except: false, fields: [] } }),
  );

  const setColumns = (columns: string[] | null) => change({ columns });
  const actions: ColumnActions = {
    onSort: (sort) => change({ sort }),
    onWidth: (column, width) =>
      saved.change((now) => {
        const { [column]: _, ...others } = now.widths;
        return { ...now, widths: width === null ? others : { ...others, [column]: width } };
      }, true),
    onMove: (column, to) => setColumns(movedTo(ids.slice(1), column, to)),
    onPin: (column) => saved.change((now) => ({ ...now, pinned: toggled(now.pinned, column) })),
    onHeat: (column) => saved.change((now) => ({ ...now, heat: toggled(now.heat, column) })),
    onHide: (column) => setColumns(ids.slice(1).filter((other) => other !== column)),
    onFormula: (column) => setFormula(column.slice(FORMULA.length)),
  };
  const { loadMore, hasMore } = list;
  const onEnd = useCallback(() => {
    if (hasMore) loadMore();
  }, [hasMore, loadMore]);
  const clear = useCallback(() => setSelected(new Map()), []);
  useShortcuts(selected.size > 0 ? { Escape: clear } : {});

  const runLines = useMemo(
    (): Line[] => [
      ...list.runs.map((run): Line => ({ kind: "run", run, nested: false })),
      ...Array.from({ length: list.hasMore ? 6 : 0 }, (): Line => ({ kind: "waiting" })),
    ],
    [list.runs, list.hasMore],
  );
  const lines = grouped ? groups.lines : runLines;
  const shown = lines.flatMap((line) => (line.kind === "run" ? [line.run] : []));
  const heat = useMemo(() => heatRanges(columns, shown), [columns, shown]);
  const byId = new Map(shown.map((run) => [run.id, run]));
  const select = (runs: readonly string[], on: boolean) =>
    setSelected((now) => {
      const next = new Map(now);
      for (const id of runs) {
        const run = byId.get(id);
        if (!on) next.delete(id);
        else if (run) next.set(id, run);
      }
      return next;
    });

  if (missing) return <MissingProject entity={entity} project={project} />;
  const searching = view.search !== "" || view.filter !== "";
  if (!list.isLoading && !list.error && list.total === 0 && !searching && !list.filterError) {
    return <FirstRun project={project} />;
  }
  const body = () => {
    const waiting = view.columns === null && (config.isPending || summary.isPending);
    if (list.isLoading || waiting || saved.loading || (grouped && groups.isLoading)) {
      return <SkeletonRows rows={14} label={t("common.loading")} />;
    }
    if (list.error) {
      return <Failure title={t("runs.error")} error={list.error} onRetry={list.retry} />;
    }
    if (grouped && groups.error) {
      return <Failure title={t("runs.error")} error={groups.error} onRetry={groups.retry} />;
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
        lines={lines}
        total={grouped ? groups.total : list.total}
        columns={columns}
        measures={measures}
        heat={heat}
        sort={view.sort}
        dense={layout.dense}
        openRun={view.open}
        baseline={baseline.data ?? null}
        canWrite={info.data?.can_write ?? false}
        selected={new Set(selected.keys())}
        actions={actions}
        onSelect={select}
        onOpen={(open) => change({ open })}
        onGroup={groups.toggle}
        onEnd={grouped ? nothing : onEnd}
      />
    );
  };

  return (
    <div className={styles.page}>
      <header className={styles.toolbar}>
        <ViewBar of={saved} />
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
          <GroupMenu
            group={view.group.except ? { except: false, fields: [] } : view.group}
            fields={fields}
            onGroup={(group) => change({ group })}
          />
          <ColumnChooser
            columns={known}
            fields={fields}
            keys={keys.data?.keys ?? []}
            formulas={layout.formulas}
            dense={layout.dense}
            onColumns={setColumns}
            onFormula={() => setFormula(null)}
            onDense={(dense) => saved.change((now) => ({ ...now, dense }))}
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
      {(selected.size > 0 || deleted.length > 0) && (
        <BulkBar
          deleted={deleted}
          onDeleted={setDeleted}
          entity={entity}
          project={project}
          view={view}
          runs={[...selected.values()]}
          total={list.total}
          onSelected={(runs) => setSelected(new Map(runs.map((run) => [run.id, run])))}
        />
      )}
      {formula !== undefined && (
        <FormulaDialog
          formula={layout.formulas.find((each) => each.id === formula) ?? null}
          onSave={(made) => {
            saved.change((now) => ({
              ...now,
              formulas: [...now.formulas.filter((each) => each.id !== made.id), made],
            }));
            const id = FORMULA + made.id;
            if (!ids.includes(id)) setColumns([...ids.slice(1), id]);
          }}
          onDone={() => setFormula(undefined)}
        />
      )}
      <RunPreview
        entity={entity}
        project={project}
        run={view.open}
        baseline={view.baseline}
        onBaseline={(baseline) => change({ baseline })}
        onClose={() => change({ open: null })}
        onFull={(run) =>
          navigate({ to: "/$entity/$project/runs/$run", params: { entity, project, run } })
        }
      />
    </div>
  );
}

const nothing = () => {};
