import { infiniteQueryOptions, keepPreviousData, queryOptions } from "@tanstack/react-query";
import { apiPath, request } from "./http";
import type { Call, CallDetail, CallPage, CallTimeline, Trace } from "./types";

export interface CallSearch {
  filter: string;
  roots: boolean;
  /** A field, `-` before it for descending; empty: the newest first. */
  sort: string;
  since: string | null;
  until: string | null;
  /** Calls of this op, or with this object among their inputs. */
  ref?: string;
}

export const callKeys = {
  project: (entity: string, project: string) => ["calls", entity, project] as const,
};

const place = (entity: string, project: string) => apiPath("projects", entity, project);

export const callListQuery = (entity: string, project: string, search: CallSearch, limit = 100) =>
  infiniteQueryOptions({
    queryKey: [...callKeys.project(entity, project), "list", search, limit] as const,
    queryFn: ({ signal, pageParam }) =>
      request<CallPage>("GET", `${place(entity, project)}/calls`, {
        signal,
        query: { ...search, roots: search.roots || null, limit, cursor: pageParam },
      }),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.cursor,
    placeholderData: keepPreviousData,
  });

export const callCountQuery = (entity: string, project: string, search: CallSearch) =>
  queryOptions({
    queryKey: [...callKeys.project(entity, project), "count", search] as const,
    queryFn: async ({ signal }) => {
      const { sort: _, ...asked } = search;
      const path = `${place(entity, project)}/calls/count`;
      const query = { ...asked, roots: search.roots || null };
      return (await request<{ total: number }>("GET", path, { signal, query })).total;
    },
    placeholderData: keepPreviousData,
  });

export const callTimelineQuery = (
  entity: string,
  project: string,
  search: Pick<CallSearch, "filter" | "roots">,
  range: { start: string; end: string; buckets: number },
) =>
  queryOptions({
    queryKey: [...callKeys.project(entity, project), "timeline", search, range] as const,
    queryFn: ({ signal }) =>
      request<CallTimeline>("GET", `${place(entity, project)}/calls/timeline`, {
        signal,
        query: { ...search, roots: search.roots || null, ...range },
      }),
    placeholderData: keepPreviousData,
  });

export const callFieldsQuery = (entity: string, project: string) =>
  queryOptions({
    queryKey: [...callKeys.project(entity, project), "fields"] as const,
    queryFn: async ({ signal }) => {
      const path = `${place(entity, project)}/calls/fields`;
      return (await request<{ fields: string[] }>("GET", path, { signal })).fields;
    },
    staleTime: 60_000,
  });

export const callQuery = (entity: string, project: string, call: string) =>
  queryOptions({
    queryKey: [...callKeys.project(entity, project), "one", call] as const,
    queryFn: ({ signal }) =>
      request<CallDetail>("GET", apiPath("projects", entity, project, "calls", call), { signal }),
  });

export const traceQuery = (entity: string, project: string, trace: string) =>
  queryOptions({
    queryKey: [...callKeys.project(entity, project), "trace", trace] as const,
    queryFn: ({ signal }) =>
      request<Trace>("GET", apiPath("projects", entity, project, "traces", trace), { signal }),
  });

export const isRunning = (call: Call): boolean => call.status === "running";
