import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { useCallback, useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { callCountQuery, callFieldsQuery, callListQuery } from "@/api/calls";
import { ApiError } from "@/api/http";
import { projectQuery } from "@/api/projects";
import { useCanWrite } from "@/features/artifacts/can-write";
import { Failure } from "@/features/failure";
import { FilterField } from "@/features/filters/field";
import { MissingProject, useMissing } from "@/features/missing";
import { AddToDataset } from "@/features/objects/add-to-dataset";
import { usePageTitle } from "@/features/title";
import { Button } from "@/ui/button";
import { CodeBlock } from "@/ui/code";
import { Segmented } from "@/ui/field";
import { Toolbar } from "@/ui/page";
import { EmptyState, SkeletonRows } from "@/ui/states";
import { useLiveCalls } from "./live";
import { TimeStrip } from "./strip";
import { CallTable } from "./table";
import styles from "./traces.module.css";
import { useTracesView } from "./view";

const FIELDS = ["name", "op", "status", "latency", "started_at", "user", "thread", "error", "run"];
const VALUES = {
  status: ["success", "error", "running", "descendant_error"],
  source: ["weave", "kiseki", "otlp"],
};
const EXAMPLES = [
  'status = "error"',
  "latency > 2 and output exists",
  'name contains "search"',
  'inputs.model = "gpt-5" or inputs.model ~ "^claude"',
  'op in ["retrieve", "answer"]',
  'not error contains "timeout"',
];

/** Traces of a project: what its programs called, newest first. */
export function TracesPage() {
  const { t } = useTranslation();
  const { entity, project } = useParams({ from: "/inside/$entity/$project/traces" });
  const info = useQuery(projectQuery(entity, project));
  const missing = useMissing(info, `${entity}/${project}`);
  const [view, change] = useTracesView();
  const list = useInfiniteQuery(callListQuery(entity, project, view));
  const total = useQuery(callCountQuery(entity, project, view));
  const first = useQuery({
    ...callCountQuery(entity, project, {
      filter: "",
      roots: false,
      sort: "",
      since: null,
      until: null,
    }),
    enabled: list.data?.pages[0]?.items.length === 0,
  });
  usePageTitle(t("traces.title"), project);
  useLiveCalls(entity, project);
  const calls = useMemo(() => list.data?.pages.flatMap((page) => page.items) ?? [], [list.data]);
  const range = useRange(entity, project, view.roots);
  const canWrite = useCanWrite({ entity, project });
  const [selected, setSelected] = useState<ReadonlySet<string>>(new Set());
  const [adding, setAdding] = useState(false);
  const select = (id: string, on: boolean) => {
    const next = new Set(selected);
    if (on) next.add(id);
    else next.delete(id);
    setSelected(next);
  };
  const { fetchNextPage, isFetchingNextPage } = list;
  const loadMore = useCallback(() => {
    if (!isFetchingNextPage) void fetchNextPage();
  }, [fetchNextPage, isFetchingNextPage]);

  if (missing) return <MissingProject entity={entity} project={project} />;
  const refused = list.error instanceof ApiError && list.error.status === 400 ? list.error : null;
  const narrowed = view.filter !== "" || view.since !== null || view.until !== null;
  if (list.isSuccess && calls.length === 0 && !narrowed && first.data === 0) {
    return <FirstTrace entity={entity} project={project} />;
  }
  const body = () => {
    if (list.isPending) return <SkeletonRows rows={14} label={t("common.loading")} />;
    if (list.error && !refused) {
      return <Failure title={t("traces.error")} error={list.error} onRetry={list.refetch} />;
    }
    if (calls.length === 0 || refused) {
      return (
        <EmptyState
          icon="search"
          title={refused ? t("traces.badFilter") : t("traces.noMatch")}
          action={
            <Button onClick={() => change({ filter: "", since: null, until: null, roots: false })}>
              {t("traces.clear")}
            </Button>
          }
        >
          {refused ? refused.message : t("traces.noMatchText")}
        </EmptyState>
      );
    }
    return (
      <CallTable
        entity={entity}
        project={project}
        calls={calls}
        hasMore={list.hasNextPage}
        loadMore={loadMore}
        sort={view.sort}
        onSort={(sort) => change({ sort: sort === "-started_at" ? "" : sort })}
        selected={canWrite ? selected : undefined}
        onSelect={(call, on) => select(call.id, on)}
      />
    );
  };
  return (
    <div className={styles.page}>
      <header className={styles.toolbar}>
        <h1 className="visually-hidden">{t("traces.title")}</h1>
        <CallFilterField
          entity={entity}
          project={project}
          value={view.filter}
          problem={refused}
          onFilter={(filter) => change({ filter })}
        />
        <Segmented
          label={t("traces.show")}
          value={view.roots ? "roots" : "all"}
          options={[
            { value: "roots", label: t("traces.rootsOnly") },
            { value: "all", label: t("traces.allCalls") },
          ]}
          onValue={(value) => change({ roots: value === "roots" })}
        />
        <span className={styles.total} aria-live="polite">
          {total.data === undefined ? "" : t("traces.total", { count: total.data })}
        </span>
      </header>
      {range && (
        <TimeStrip entity={entity} project={project} view={view} range={range} onChange={change} />
      )}
      {selected.size > 0 && (
        <Toolbar>
          <span aria-live="polite">{t("objects.selected", { count: selected.size })}</span>
          <Button size="s" icon="table" onClick={() => setAdding(true)}>
            {t("objects.addToDataset")}
          </Button>
          <Button size="s" variant="ghost" onClick={() => setSelected(new Set())}>
            {t("common.clear")}
          </Button>
        </Toolbar>
      )}
      {body()}
      {adding && (
        <AddToDataset
          home={{ entity, project }}
          calls={[...selected]}
          onDone={() => setAdding(false)}
        />
      )}
    </div>
  );
}

/** From the first call to the last one; the ends rest while calls come in. */
function useRange(entity: string, project: string, roots: boolean) {
  const everything = { filter: "", roots, since: null, until: null };
  const oldest = useInfiniteQuery(
    callListQuery(entity, project, { ...everything, sort: "started_at" }, 1),
  );
  const newest = useInfiniteQuery(
    callListQuery(entity, project, { ...everything, sort: "-started_at" }, 1),
  );
  const low = oldest.data?.pages[0]?.items[0]?.started_at;
  const high = newest.data?.pages[0]?.items[0]?.started_at;
  return useMemo(() => {
    if (low === undefined || high === undefined) return null;
    const start = new Date(low).getTime();
    // A bar's width of room behind the last call, and never less than a second in all.
    const span = Math.max(1_000, (new Date(high).getTime() - start) * 1.0125);
    return { start, end: start + span };
  }, [low, high]);
}

function CallFilterField({
  entity,
  project,
  value,
  problem,
  onFilter,
}: {
  entity: string;
  project: string;
  value: string;
  problem: ApiError | null;
  onFilter: (filter: string) => void;
}) {
  const { t } = useTranslation();
  const found = useQuery(callFieldsQuery(entity, project));
  const fields = useMemo(
    () => ({ names: [...FIELDS, ...(found.data ?? [])], values: VALUES }),
    [found.data],
  );
  return (
    <div className={styles.filter} data-search>
      <FilterField
        label={t("traces.filter")}
        placeholder={t("traces.filterPlaceholder")}
        value={value}
        problem={problem}
        fields={fields}
        examples={EXAMPLES}
        onFilter={onFilter}
      />
    </div>
  );
}

/** How a first trace gets here. */
function FirstTrace({ entity, project }: { entity: string; project: string }) {
  const { t } = useTranslation();
  const address = window.location.origin;
  return (
    <section className={styles.first}>
      <h2>{t("traces.emptyTitle")}</h2>
      <p>{t("traces.emptyText")}</p>
      <CodeBlock
        label="weave"
        text={[
          `export WANDB_BASE_URL=${address}`,
          'export WANDB_API_KEY="…"',
          "",
          "import weave",
          `weave.init("${entity}/${project}")`,
          "",
          "@weave.op",
          "def answer(question): ...",
        ].join("\n")}
      />
      <CodeBlock
        label="OpenTelemetry"
        text={[
          `export OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=${address}/v1/traces`,
          "export OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf",
          `export OTEL_EXPORTER_OTLP_HEADERS="authorization=Bearer …,x-kiseki-project=${entity}/${project}"`,
        ].join("\n")}
      />
    </section>
  );
}
