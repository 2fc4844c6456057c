import { queryOptions } from "@tanstack/react-query";
import type { components } from "./generated";
import { apiPath, request } from "./http";

export type ViewInfo = components["schemas"]["ViewInfo"];
export type SavedView = components["schemas"]["ViewDetails"];
export type ViewKind = ViewInfo["kind"];
export type ViewChange = components["schemas"]["ViewChange"];

export const viewKeys = {
  list: (entity: string, project: string, kind: ViewKind) =>
    ["views", entity, project, kind] as const,
  one: (entity: string, project: string, view: number) =>
    ["views", entity, project, "one", view] as const,
};

const path = (entity: string, project: string) => `${apiPath("projects", entity, project)}/views`;

export const viewsQuery = (entity: string, project: string, kind: ViewKind) =>
  queryOptions({
    queryKey: viewKeys.list(entity, project, kind),
    queryFn: async ({ signal }) => {
      const answer = await request<{ items: ViewInfo[] }>("GET", path(entity, project), {
        signal,
        query: { kind },
      });
      return answer.items;
    },
    staleTime: 30_000,
  });

export const viewQuery = (entity: string, project: string, view: number) =>
  queryOptions({
    queryKey: viewKeys.one(entity, project, view),
    queryFn: ({ signal }) =>
      request<SavedView>("GET", `${path(entity, project)}/${view}`, { signal }),
    staleTime: 0,
  });

export function createView(
  entity: string,
  project: string,
  body: { kind: ViewKind; name: string; shared: boolean; document: Record<string, unknown> },
): Promise<SavedView> {
  return request("POST", path(entity, project), { body });
}

export function changeView(
  entity: string,
  project: string,
  view: number,
  body: ViewChange,
): Promise<SavedView> {
  return request("PATCH", `${path(entity, project)}/${view}`, { body });
}

export function deleteView(entity: string, project: string, view: number): Promise<void> {
  return request("DELETE", `${path(entity, project)}/${view}`);
}
