import { queryOptions } from "@tanstack/react-query";
import { seekLeft, seekRight } from "@/lib/seek";
import { apiPath, request, send } from "./http";
import type { LoggedMediaKey, LoggedMediaKeyList, LoggedMediaPage } from "./types";

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

/** Which logged step is meant by one that has nothing: the next one, or the one before. */
export type Direction = "left" | "right";

/** What was logged under a key at `step`, or at the nearest step in a direction. */
export const mediaAtQuery = (
  entity: string,
  project: string,
  run: string,
  logged: LoggedMediaKey,
  step: number,
  direction: Direction,
) =>
  queryOptions({
    queryKey: [...mediaKeys.run(entity, project, run), "at", logged.key, step, direction],
    queryFn: ({ signal }) => {
      const seek = direction === "left" ? seekLeft : seekRight;
      const path = mediaPath(entity, project, run);
      const read = (low: number, high: number, limit: number) =>
        request<LoggedMediaPage>("GET", path, {
          signal,
          query: { key: logged.key, low, high, limit },
        });
      return seek(read, logged, step);
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
