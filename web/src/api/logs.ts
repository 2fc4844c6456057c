import { infiniteQueryOptions } from "@tanstack/react-query";
import { apiPath, request } from "./http";
import type { LogPage } from "./types";

export interface LogSearch {
  search: string;
  level: string;
}

export const LOG_PAGE = 1000;

/** A place in the log: the end, or beside a line. */
export type LogPlace = { at: "end" } | { before: string } | { after: string };

export const logKeys = {
  run: (entity: string, project: string, run: string) => ["logs", entity, project, run] as const,
};

export function readLogs(
  entity: string,
  project: string,
  run: string,
  query: LogSearch & { before?: string; after?: string; limit?: number },
  signal?: AbortSignal,
): Promise<LogPage> {
  const path = `${apiPath("projects", entity, project, "runs", run)}/logs`;
  return request("GET", path, { signal, query: { limit: LOG_PAGE, ...query } });
}

/** The log from its end, growing upwards as one scrolls and downwards as lines arrive. */
export const logsQuery = (entity: string, project: string, run: string, search: LogSearch) =>
  infiniteQueryOptions({
    queryKey: [...logKeys.run(entity, project, run), search] as const,
    queryFn: ({ signal, pageParam }) => {
      const place = "at" in pageParam ? { before: "end" } : pageParam;
      return readLogs(entity, project, run, { ...search, ...place }, signal);
    },
    initialPageParam: { at: "end" } as LogPlace,
    getPreviousPageParam: (first): LogPlace | undefined => {
      const line = first.items[0];
      return line && first.items.length === LOG_PAGE ? { before: line.cursor } : undefined;
    },
    getNextPageParam: (): LogPlace | undefined => undefined,
    refetchOnWindowFocus: false,
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 0,
  });
