import { infiniteQueryOptions, keepPreviousData, queryOptions } from "@tanstack/react-query";
import { callKeys } from "./calls";
import { apiPath, request } from "./http";
import type { OpReliability, ThreadPage, TurnPage } from "./types";

const place = (entity: string, project: string) => apiPath("projects", entity, project);

export const threadListQuery = (entity: string, project: string, filter: string) =>
  infiniteQueryOptions({
    queryKey: [...callKeys.project(entity, project), "threads", filter] as const,
    queryFn: ({ signal, pageParam }) =>
      request<ThreadPage>("GET", `${place(entity, project)}/threads`, {
        signal,
        query: { filter, limit: 50, cursor: pageParam },
      }),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.cursor,
    retry: false,
    placeholderData: keepPreviousData,
  });

export const turnsQuery = (entity: string, project: string, thread: string) =>
  infiniteQueryOptions({
    queryKey: [...callKeys.project(entity, project), "turns", thread] as const,
    queryFn: ({ signal, pageParam }) =>
      request<TurnPage>("GET", apiPath("projects", entity, project, "threads", thread, "turns"), {
        signal,
        query: { limit: 50, cursor: pageParam },
      }),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.cursor,
  });

export const reliabilityQuery = (
  entity: string,
  project: string,
  range: { start: string; end: string },
) =>
  queryOptions({
    queryKey: [...callKeys.project(entity, project), "reliability", range] as const,
    queryFn: ({ signal }) =>
      request<OpReliability[]>("GET", `${place(entity, project)}/calls/reliability`, {
        signal,
        query: range,
      }),
    placeholderData: keepPreviousData,
  });
