import { keepPreviousData, queryOptions } from "@tanstack/react-query";
import { apiPath, request } from "./http";
import type { KeyStatistics, LoggedKeyPage } from "./types";

export type Stream = "history" | "system";

/** More panels than this cannot be looked through; search narrows them. */
export const MAX_KEYS = 5000;
const PAGE = 1000;

export interface LoggedKeys {
  /** Keys with numbers, which a line chart can draw. */
  keys: string[];
  /** There are more than were read. */
  more: boolean;
}

export const loggedKeys = {
  project: (entity: string, project: string) => ["keys", entity, project] as const,
  of: (entity: string, project: string, runs: readonly string[], stream: Stream, regex: string) =>
    ["keys", entity, project, runs, stream, regex] as const,
};

async function readKeys(
  entity: string,
  project: string,
  body: { runs: readonly string[]; stream: Stream; regex: string | null },
  signal: AbortSignal,
): Promise<LoggedKeys> {
  const keys: string[] = [];
  let after: string | null = null;
  do {
    const page: LoggedKeyPage = await request(
      "POST",
      `${apiPath("projects", entity, project)}/keys`,
      {
        signal,
        body: { ...body, after, limit: PAGE },
      },
    );
    for (const item of page.items) if (item.numeric) keys.push(item.key);
    after = page.after;
  } while (after !== null && keys.length < MAX_KEYS);
  return { keys, more: after !== null };
}

/** What the runs have logged; with `regex` the server searches. */
export const keysOfRunsQuery = (
  entity: string,
  project: string,
  runs: readonly string[],
  stream: Stream,
  regex = "",
) =>
  queryOptions({
    queryKey: loggedKeys.of(entity, project, runs, stream, regex),
    queryFn: ({ signal }) =>
      readKeys(entity, project, { runs, stream, regex: regex || null }, signal),
    enabled: runs.length > 0,
    placeholderData: keepPreviousData,
    staleTime: 30_000,
  });

export const statsQuery = (
  entity: string,
  project: string,
  run: string,
  stream: Stream,
  keys: readonly string[],
) =>
  queryOptions({
    queryKey: ["stats", entity, project, run, stream, keys],
    queryFn: async ({ signal }) => {
      const path = `${apiPath("projects", entity, project, "runs", run)}/stats`;
      const answer = await request<{ items: KeyStatistics[] }>("GET", path, {
        signal,
        query: { stream, key: keys },
      });
      return answer.items;
    },
  });
