import { useInfiniteQuery, useQueryClient } from "@tanstack/react-query";
import { useMemo, useRef } from "react";
import { ApiError } from "@/api/http";
import { runKeys, runSearchQuery } from "@/api/runs";
import { useLiveEvent } from "@/api/stream";
import type { Run, RunPage } from "@/api/types";
import { combineFilter } from "@/lib/filter";
import type { RunsView } from "@/lib/view";
import { useThrottled } from "@/ui/use-throttled";

export interface RunList {
  runs: Run[];
  total: number;
  isLoading: boolean;
  isFetching: boolean;
  /** The server refused the filter; the list before it is kept. */
  filterError: ApiError | null;
  error: Error | null;
  retry: () => void;
  hasMore: boolean;
  loadMore: () => void;
}

/** Refetching more pages than this at every change would cost more than it shows. */
const LIVE_PAGES = 5;
const LIVE_INTERVAL = 3000;

/** The runs that a view asks for, page by page, kept up to date. */
export function useRunList(
  entity: string,
  project: string,
  view: Pick<RunsView, "search" | "regex" | "filter" | "sort">,
): RunList {
  const { search, regex, filter, sort } = view;
  const asked = useMemo(
    () => ({
      filter: combineFilter({ search, regex, filter }),
      sort: sort.length > 0 ? sort : [{ field: "created_at", descending: true }],
    }),
    [search, regex, filter, sort],
  );
  const query = useInfiniteQuery(runSearchQuery(entity, project, asked));
  const good = useRef<{ of: string; pages: RunPage[] } | null>(null);
  const place = `${entity}/${project}`;
  if (query.data) good.current = { of: place, pages: query.data.pages };
  const refused = query.error instanceof ApiError && [400, 422].includes(query.error.status);
  const kept = good.current?.of === place ? good.current.pages : undefined;
  const pages = query.data?.pages ?? (refused ? kept : undefined);
  const runs = useMemo(() => pages?.flatMap((page) => page.items) ?? [], [pages]);

  useLiveRuns(entity, project, runs, query.data?.pages.length ?? 0);

  return {
    runs,
    total: pages?.[0]?.total ?? runs.length,
    isLoading: query.isPending,
    isFetching: query.isFetching,
    filterError: refused ? (query.error as ApiError) : null,
    error: refused ? null : query.error,
    retry: () => void query.refetch(),
    hasMore: query.hasNextPage && !refused,
    loadMore: () => {
      if (!query.isFetchingNextPage) void query.fetchNextPage();
    },
  };
}

/** Follows the project's events: new runs, ended runs, new summaries. */
function useLiveRuns(entity: string, project: string, runs: readonly Run[], pages: number): void {
  const client = useQueryClient();
  const refetchAll = () => {
    void client.invalidateQueries({ queryKey: runKeys.project(entity, project) });
  };
  const refetchSoon = useThrottled(refetchAll, LIVE_INTERVAL);
  // A run that began or ended is worth showing at once; many of them still make one request.
  const refetchAtOnce = useThrottled(refetchAll, 400);
  const refetch = () => {
    if (pages <= LIVE_PAGES) refetchSoon();
  };
  const ours = (event: { entity: string; project: string }) =>
    event.entity === entity && event.project === project;

  useLiveEvent("run.changed", (event) => {
    if (!ours(event)) return;
    const known = runs.find((run) => run.id === event.run);
    if (known?.state === event.state) refetch();
    else if (pages <= LIVE_PAGES) refetchAtOnce();
    else if (known) refetchSoon();
  });
  useLiveEvent("history.appended", (event) => {
    if (ours(event) && event.stream === "history") refetch();
  });
  useLiveEvent("resync", refetchAll);
}
