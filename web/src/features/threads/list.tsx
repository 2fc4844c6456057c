import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useParams } from "@tanstack/react-router";
import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import { ApiError } from "@/api/http";
import { projectQuery } from "@/api/projects";
import { threadListQuery } from "@/api/threads";
import type { Thread } from "@/api/types";
import { Failure } from "@/features/failure";
import { MissingProject, useMissing } from "@/features/missing";
import { Moment } from "@/features/moment";
import { usePageTitle } from "@/features/title";
import { useLiveCalls } from "@/features/traces/live";
import { formatLatency } from "@/features/traces/status";
import { useParam } from "@/features/url";
import { formatCost } from "@/lib/score";
import type { Params } from "@/lib/view";
import { CodeBlock } from "@/ui/code";
import type { DataColumn } from "@/ui/data-table";
import { DataTable } from "@/ui/data-table";
import { SearchInput, Segmented } from "@/ui/field";
import { Icon } from "@/ui/icon";
import { Blank, Grow, Page, PageBody, Toolbar } from "@/ui/page";
import { SkeletonRows } from "@/ui/states";
import { useDraft } from "@/ui/use-debounced";
import { Reliability } from "./reliability";
import styles from "./threads.module.css";

/** Conversations, by their last update, and how reliable their tools are. */
export function ThreadsPage() {
  const { t } = useTranslation();
  const { entity, project } = useParams({ from: "/inside/$entity/$project/threads" });
  const [filter, setFilter] = useParam("filter");
  const [view, setView] = useParam("show", "threads");
  const [draft, setDraft] = useDraft(filter, setFilter, 400);
  const info = useQuery(projectQuery(entity, project));
  const missing = useMissing(info, `${entity}/${project}`);
  const list = useInfiniteQuery(threadListQuery(entity, project, filter));
  useLiveCalls(entity, project);
  usePageTitle(t("threads.title"), project);
  const items = useMemo(() => list.data?.pages.flatMap((page) => page.items) ?? [], [list.data]);
  const refused = list.error instanceof ApiError && list.error.status === 400 ? list.error : null;
  if (missing) return <MissingProject entity={entity} project={project} />;
  const body = () => {
    if (view === "tools") return <Reliability entity={entity} project={project} />;
    if (refused) {
      return (
        <Blank icon="search" title={t("traces.badFilter")}>
          {refused.message} {refused.hint}
        </Blank>
      );
    }
    if (list.isPending) return <SkeletonRows rows={10} label={t("common.loading")} />;
    if (list.isError) {
      return <Failure title={t("threads.error")} error={list.error} onRetry={list.refetch} />;
    }
    if (items.length === 0 && filter !== "") {
      return (
        <Blank icon="search" title={t("threads.noMatch")}>
          {t("threads.noMatchText")}
        </Blank>
      );
    }
    if (items.length === 0) return <FirstThread entity={entity} project={project} />;
    return (
      <ThreadTable
        entity={entity}
        project={project}
        items={items}
        hasMore={list.hasNextPage}
        loadMore={() => !list.isFetchingNextPage && void list.fetchNextPage()}
      />
    );
  };
  return (
    <Page>
      <h1 className="visually-hidden">{t("threads.title")}</h1>
      <Toolbar>
        <Segmented
          label={t("threads.show")}
          value={view === "tools" ? "tools" : "threads"}
          options={[
            { value: "threads", label: t("threads.conversations") },
            { value: "tools", label: t("threads.tools") },
          ]}
          onValue={setView}
        />
        {view !== "tools" && (
          <div data-search className={styles.filter}>
            <SearchInput
              icon="filter"
              label={t("traces.filter")}
              placeholder={'status = "error" and latency > 2'}
              value={draft}
              onValue={setDraft}
              invalid={refused !== null}
              style={{ fontFamily: "var(--mono)", fontSize: 12 }}
            />
          </div>
        )}
        <Grow />
      </Toolbar>
      <PageBody>{body()}</PageBody>
    </Page>
  );
}

function ThreadTable({
  entity,
  project,
  ...rest
}: {
  entity: string;
  project: string;
  items: readonly Thread[];
  hasMore: boolean;
  loadMore: () => void;
}) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const { items, hasMore, loadMore } = rest;
  const columns = useMemo(
    (): DataColumn<Thread>[] => [
      {
        id: "id",
        label: t("threads.thread"),
        width: 220,
        cell: (item) => (
          <Link
            to="/$entity/$project/threads/$thread"
            params={{ entity, project, thread: item.id }}
            className={styles.name}
          >
            <Icon name="chat" size={15} />
            <span className="truncate" title={item.id}>
              {item.id}
            </span>
          </Link>
        ),
      },
      {
        id: "preview",
        label: t("threads.begins"),
        width: 240,
        grow: true,
        cell: (item) => <code className="truncate muted">{item.preview}</code>,
      },
      {
        id: "turns",
        label: t("threads.turns"),
        width: 80,
        numeric: true,
        cell: (item) => item.turns.toLocaleString(),
      },
      {
        id: "errors",
        label: t("threads.errors"),
        width: 80,
        numeric: true,
        cell: (item) =>
          item.errors > 0 ? (
            <span className={styles.bad}>{item.errors.toLocaleString()}</span>
          ) : (
            "0"
          ),
      },
      {
        id: "p50",
        label: "p50",
        width: 90,
        numeric: true,
        cell: (item) => formatLatency(item.p50_s),
      },
      {
        id: "p99",
        label: "p99",
        width: 90,
        numeric: true,
        cell: (item) => formatLatency(item.p99_s),
      },
      {
        id: "tokens",
        label: t("traces.column.tokens"),
        width: 100,
        numeric: true,
        cell: (item) => (item.tokens > 0 ? item.tokens.toLocaleString() : "–"),
      },
      {
        id: "cost",
        label: t("traces.column.cost"),
        width: 100,
        numeric: true,
        cell: (item) => (item.cost === null ? "–" : formatCost(item.cost)),
      },
      {
        id: "users",
        label: t("traces.column.user"),
        width: 110,
        cell: (item) => <span className="truncate">{item.users.join(", ")}</span>,
      },
      {
        id: "last",
        label: t("threads.last"),
        width: 140,
        cell: (item) => <Moment at={item.last_updated} />,
      },
    ],
    [entity, project, t],
  );
  return (
    <DataTable
      label={t("threads.title")}
      rows={items}
      columns={columns}
      rowId={(item) => item.id}
      onOpen={(item) =>
        navigate({
          to: "/$entity/$project/threads/$thread",
          params: { entity, project, thread: item.id },
          search: {} as Params,
        })
      }
      hasMore={hasMore}
      loadMore={loadMore}
    />
  );
}

function FirstThread({ entity, project }: { entity: string; project: string }) {
  const { t } = useTranslation();
  return (
    <Blank icon="chat" title={t("threads.emptyTitle")}>
      <p>{t("threads.emptyText")}</p>
      <div className={styles.first}>
        <CodeBlock
          label="weave"
          text={[
            "import weave",
            `weave.init("${entity}/${project}")`,
            "",
            'with weave.thread("conversation-1"):',
            '    answer("How high is it?")',
            '    answer("And in feet?")',
          ].join("\n")}
        />
      </div>
    </Blank>
  );
}
