import { queryOptions } from "@tanstack/react-query";
import { apiPath, request } from "./http";
import type { ProjectMember, ProjectRole, Registry, RegistryAction, RegistryPage } from "./types";

export const registryKeys = {
  all: ["registries"] as const,
  list: (org: string) => ["registries", org] as const,
  one: (org: string, name: string) => ["registries", org, "one", name] as const,
};

/** Nobody has more registries than this. */
const MAX_REGISTRIES = 1000;

export const registriesQuery = (org: string) =>
  queryOptions({
    queryKey: registryKeys.list(org),
    queryFn: async ({ signal }) => {
      const items: Registry[] = [];
      let cursor: string | null = null;
      do {
        const page: RegistryPage = await request("GET", apiPath("orgs", org, "registries"), {
          signal,
          query: { limit: 200, cursor },
        });
        items.push(...page.items);
        cursor = page.cursor;
      } while (cursor !== null && items.length < MAX_REGISTRIES);
      return items;
    },
  });

export const registryQuery = (org: string, name: string) =>
  queryOptions({
    queryKey: registryKeys.one(org, name),
    queryFn: ({ signal }) =>
      request<Registry>("GET", apiPath("orgs", org, "registries", name), { signal }),
  });

export interface NewRegistry {
  name: string;
  description: string;
  visibility: Registry["visibility"];
  types: string[];
}

export function createRegistry(org: string, body: NewRegistry): Promise<Registry> {
  return request("POST", apiPath("orgs", org, "registries"), { body });
}

export interface RegistryChange {
  name?: string;
  description?: string;
  visibility?: Registry["visibility"];
  any_type?: boolean;
  add_types?: string[];
}

export function changeRegistry(
  org: string,
  name: string,
  change: RegistryChange,
): Promise<Registry> {
  return request("PATCH", apiPath("orgs", org, "registries", name), { body: change });
}

export function deleteRegistry(org: string, name: string): Promise<void> {
  return request("DELETE", apiPath("orgs", org, "registries", name));
}

export function protectAliases(org: string, name: string, aliases: string[]): Promise<Registry> {
  return request("PUT", `${apiPath("orgs", org, "registries", name)}/protected-aliases`, {
    body: { aliases },
  });
}

export const registryMembersQuery = (org: string, name: string) =>
  queryOptions({
    queryKey: [...registryKeys.one(org, name), "members"],
    queryFn: async ({ signal }) => {
      const path = `${apiPath("orgs", org, "registries", name)}/members`;
      return (await request<{ items: ProjectMember[] }>("GET", path, { signal })).items;
    },
  });

const memberPath = (org: string, name: string, member: Pick<ProjectMember, "kind" | "name">) =>
  `${apiPath("orgs", org, "registries", name)}/members/${member.kind}s/${encodeURIComponent(member.name)}`;

export function setRegistryMember(
  org: string,
  name: string,
  member: Pick<ProjectMember, "kind" | "name">,
  role: ProjectRole,
): Promise<void> {
  return request("PUT", memberPath(org, name, member), { body: { role } });
}

export function removeRegistryMember(
  org: string,
  name: string,
  member: Pick<ProjectMember, "kind" | "name">,
): Promise<void> {
  return request("DELETE", memberPath(org, name, member));
}

export const registryActionsQuery = (org: string, name: string) =>
  queryOptions({
    queryKey: [...registryKeys.one(org, name), "actions"],
    queryFn: async ({ signal }) =>
      (
        await request<{ items: RegistryAction[] }>("GET", apiPath("orgs", org, "actions"), {
          signal,
          query: { registry: name, limit: 200 },
        })
      ).items,
  });
