import { infiniteQueryOptions, keepPreviousData, queryOptions } from "@tanstack/react-query";
import { apiPath, request } from "./http";
import type { Project, ProjectPage } from "./types";

export const projectKeys = {
  all: ["projects"] as const,
  list: (search: string) => ["projects", "list", search] as const,
  one: (entity: string, project: string) => ["projects", "one", entity, project] as const,
};

export const projectsQuery = (search: string) =>
  infiniteQueryOptions({
    queryKey: projectKeys.list(search),
    queryFn: ({ signal, pageParam }) =>
      request<ProjectPage>("GET", "/api/v1/projects", {
        signal,
        query: { search, limit: 60, cursor: pageParam },
      }),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.cursor,
  });

/** The projects to jump to. */
export const paletteProjectsQuery = (search: string) =>
  queryOptions({
    queryKey: [...projectKeys.list(search), "palette"],
    queryFn: ({ signal }) =>
      request<ProjectPage>("GET", "/api/v1/projects", { signal, query: { search, limit: 8 } }),
    placeholderData: keepPreviousData,
  });

export const projectQuery = (entity: string, project: string) =>
  queryOptions({
    queryKey: projectKeys.one(entity, project),
    queryFn: ({ signal }) =>
      request<Project>("GET", apiPath("projects", entity, project), { signal }),
  });

export function createProject(body: {
  entity?: string;
  name: string;
  description?: string;
}): Promise<Project> {
  return request("POST", "/api/v1/projects", { body });
}
