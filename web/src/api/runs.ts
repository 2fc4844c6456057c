import type { InfiniteData, QueryClient } from "@tanstack/react-query";
import { infiniteQueryOptions, keepPreviousData, queryOptions } from "@tanstack/react-query";
import type { Sort } from "@/lib/view";
import type { components } from "./generated";
import { apiPath, request } from "./http";
import type { Run, RunFields, RunPage } from "./types";

export interface RunSearch {
  filter: string | null;
  sort: readonly Sort[];
}

export type RunChange = Partial<RunFields>;

export const runKeys = {
  project: (entity: string, project: string) => ["runs", entity, project] as const,
  search: (entity: string, project: string, search: RunSearch, limit: number) =>
    ["runs", entity, project, "search", search, limit] as const,
  one: (entity: string, project: string, run: string) =>
    ["runs", entity, project, "one", run] as const,
  fields: (entity: string, project: string, root: string) =>
    ["runs", entity, project, "fields", root] as const,
};

export function searchRuns(
  entity: string,
  project: string,
  search: RunSearch,
  page: { limit: number; cursor: string | null },
  signal?: AbortSignal,
): Promise<RunPage> {
  return request("POST", `${apiPath("projects", entity, project)}/runs/search`, {
    signal,
    body: { ...search, ...page },
  });
}

export const runSearchQuery = (entity: string, project: string, search: RunSearch, limit = 200) =>
  infiniteQueryOptions({
    queryKey: runKeys.search(entity, project, search, limit),
    queryFn: ({ signal, pageParam }) =>
      searchRuns(entity, project, search, { limit, cursor: pageParam }, signal),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.cursor,
    placeholderData: keepPreviousData,
  });

/** The runs to jump to. */
export const paletteRunsQuery = (entity: string, project: string, filter: string | null) =>
  queryOptions({
    queryKey: [...runKeys.project(entity, project), "palette", filter],
    queryFn: ({ signal }) =>
      searchRuns(entity, project, { filter, sort: [] }, { limit: 8, cursor: null }, signal),
    placeholderData: keepPreviousData,
  });

export type RunGroup = components["schemas"]["RunGroupInfo"];

/** Runs put together by fields, with what numbers come to in each group. */
export const runGroupsQuery = (
  entity: string,
  project: string,
  asked: { by: readonly string[]; filter: string | null; measures: readonly string[] },
) =>
  queryOptions({
    queryKey: [...runKeys.project(entity, project), "groups", asked],
    queryFn: ({ signal }) =>
      request<components["schemas"]["RunGroupList"]>(
        "POST",
        `${apiPath("projects", entity, project)}/runs/groups`,
        { signal, body: { ...asked, limit: 500 } },
      ),
    placeholderData: keepPreviousData,
  });

/** Which settings go with a result, over the runs that a filter keeps. */
export const importanceQuery = (
  entity: string,
  project: string,
  result: string,
  filter: string | null,
) =>
  queryOptions({
    queryKey: ["importance", entity, project, result, filter],
    queryFn: ({ signal }) =>
      request<components["schemas"]["ImportanceInfo"]>(
        "POST",
        `${apiPath("projects", entity, project)}/runs/importance`,
        { signal, body: { result, filter } },
      ),
    placeholderData: keepPreviousData,
    staleTime: 60_000,
  });

const runPath = (entity: string, project: string, run: string) =>
  apiPath("projects", entity, project, "runs", run);

export const runQuery = (entity: string, project: string, run: string) =>
  queryOptions({
    queryKey: runKeys.one(entity, project, run),
    queryFn: ({ signal }) => request<Run>("GET", runPath(entity, project, run), { signal }),
  });

export const runFieldsQuery = (entity: string, project: string, root: "config" | "summary") =>
  queryOptions({
    queryKey: runKeys.fields(entity, project, root),
    queryFn: async ({ signal }) => {
      const path = `${apiPath("projects", entity, project)}/runs/fields`;
      const answer = await request<{ items: string[] }>("GET", path, { signal, query: { root } });
      return answer.items;
    },
    staleTime: 60_000,
  });

export function changeRun(
  entity: string,
  project: string,
  run: string,
  change: RunChange,
): Promise<Run> {
  return request("PATCH", runPath(entity, project, run), { body: change });
}

/** Puts what the server made of runs into every list that shows them. */
export function replaceRuns(client: QueryClient, changed: readonly Run[]): void {
  const newer = new Map(changed.map((run) => [run.id, run]));
  const [first] = changed;
  if (!first) return;
  client.setQueriesData<InfiniteData<RunPage>>(
    { queryKey: [...runKeys.project(first.entity, first.project), "search"] },
    (list) =>
      list && {
        ...list,
        pages: list.pages.map((page) => ({
          ...page,
          items: page.items.map((run) => newer.get(run.id) ?? run),
        })),
      },
  );
  for (const run of changed) client.setQueryData(runKeys.one(run.entity, run.project, run.id), run);
}

export function stopRun(entity: string, project: string, run: string): Promise<void> {
  return request("POST", `${runPath(entity, project, run)}/stop`);
}

export function deleteRun(entity: string, project: string, run: string): Promise<void> {
  return request("DELETE", runPath(entity, project, run));
}
