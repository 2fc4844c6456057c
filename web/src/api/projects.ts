import { infiniteQueryOptions, keepPreviousData, queryOptions } from "@tanstack/react-query";
import { apiPath, request } from "./http";
import type { Project, ProjectMember, ProjectPage, ProjectRole } from "./types";

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

export type ProjectChange = Partial<Pick<Project, "name" | "description" | "visibility">>;

export function changeProject(
  entity: string,
  project: string,
  change: ProjectChange,
): Promise<Project> {
  return request("PATCH", apiPath("projects", entity, project), { body: change });
}

export function deleteProject(entity: string, project: string): Promise<void> {
  return request("DELETE", apiPath("projects", entity, project));
}

const membersPath = (entity: string, project: string) =>
  `${apiPath("projects", entity, project)}/members`;

export const projectMembersQuery = (entity: string, project: string) =>
  queryOptions({
    queryKey: [...projectKeys.one(entity, project), "members"],
    queryFn: async ({ signal }) => {
      const path = membersPath(entity, project);
      return (await request<{ items: ProjectMember[] }>("GET", path, { signal })).items;
    },
  });

const memberPath = (
  entity: string,
  project: string,
  { kind, name }: Pick<ProjectMember, "kind" | "name">,
) => `${membersPath(entity, project)}/${kind}s/${encodeURIComponent(name)}`;

export function setProjectMember(
  entity: string,
  project: string,
  member: Pick<ProjectMember, "kind" | "name">,
  role: ProjectRole,
): Promise<void> {
  return request("PUT", memberPath(entity, project, member), { body: { role } });
}

export function removeProjectMember(
  entity: string,
  project: string,
  member: Pick<ProjectMember, "kind" | "name">,
): Promise<void> {
  return request("DELETE", memberPath(entity, project, member));
}
