import type { QueryClient } from "@tanstack/react-query";
import { queryOptions } from "@tanstack/react-query";
import { request } from "./http";
import type { ApiKey, NewApiKey, SessionInfo } from "./types";

export const sessionKeys = {
  current: ["session"] as const,
  keys: ["session", "keys"] as const,
};

export const sessionQuery = queryOptions({
  queryKey: sessionKeys.current,
  queryFn: ({ signal }) => request<SessionInfo>("GET", "/api/v1/session", { signal }),
  staleTime: 300_000,
  retry: false,
});

export async function signIn(
  client: QueryClient,
  secret: { api_key: string } | { token: string },
): Promise<SessionInfo> {
  const session = await request<SessionInfo>("POST", "/api/v1/session", { body: secret });
  client.setQueryData(sessionKeys.current, session);
  return session;
}

export async function signOut(client: QueryClient): Promise<void> {
  await request<void>("DELETE", "/api/v1/session");
  client.clear();
}

export const keysQuery = queryOptions({
  queryKey: sessionKeys.keys,
  queryFn: async ({ signal }) => {
    return (await request<{ items: ApiKey[] }>("GET", "/api/v1/keys", { signal })).items;
  },
});

export function createKey(name: string): Promise<NewApiKey> {
  return request("POST", "/api/v1/keys", { body: { name } });
}

export function revokeKey(id: number): Promise<void> {
  return request("DELETE", `/api/v1/keys/${id}`);
}

/** Where the caller's projects go when their owner is not named. */
export async function chooseDefaultEntity(client: QueryClient, entity: string): Promise<void> {
  const session = await request<SessionInfo>("PATCH", "/api/v1/session", {
    body: { default_entity: entity },
  });
  client.setQueryData(sessionKeys.current, session);
}
