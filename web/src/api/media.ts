import { queryOptions } from "@tanstack/react-query";
import { apiPath, request, send } from "./http";
import type { LoggedMediaKeyList, LoggedMediaPage } from "./types";

export const mediaKeys = {
  run: (entity: string, project: string, run: string) => ["media", entity, project, run] as const,
};

const mediaPath = (entity: string, project: string, run: string) =>
  `${apiPath("projects", entity, project, "runs", run)}/media`;

/** Keys under which the run has logged media. */
export const mediaKeysQuery = (entity: string, project: string, run: string) =>
  queryOptions({
    queryKey: [...mediaKeys.run(entity, project, run), "keys"],
    queryFn: async ({ signal }) => {
      const path = `${mediaPath(entity, project, run)}/keys`;
      return (await request<LoggedMediaKeyList>("GET", path, { signal })).items;
    },
  });

/** What was logged under a key at the first step from `step` on that has some. */
export const mediaAtQuery = (
  entity: string,
  project: string,
  run: string,
  key: string,
  step: number,
) =>
  queryOptions({
    queryKey: [...mediaKeys.run(entity, project, run), "at", key, step],
    queryFn: async ({ signal }) => {
      const query = { key, low: step, limit: 1 };
      const path = mediaPath(entity, project, run);
      return (await request<LoggedMediaPage>("GET", path, { signal, query })).items;
    },
  });

/** The bytes of a logged file; they never change for one digest. */
export const mediaBytesQuery = (url: string, digest: string | null) =>
  queryOptions({
    queryKey: ["media-bytes", url, digest],
    queryFn: async ({ signal }) =>
      (await send("GET", url, { signal, headers: { Accept: "*/*" } })).blob(),
    staleTime: 300_000,
    gcTime: 60_000,
  });
