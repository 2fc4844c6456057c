import { queryOptions } from "@tanstack/react-query";
import type { components } from "./generated";
import { apiPath, request } from "./http";

export type HistoryRow = components["schemas"]["HistoryRow"];

const PAGE = 1000;
/** Rows beyond these are not read; a picture shows no more. */
const MOST = 5000;

/** The rows of a run that have a key, whatever stands in them. */
export const rowsQuery = (entity: string, project: string, run: string, key: string) =>
  queryOptions({
    queryKey: ["history", entity, project, run, key],
    queryFn: async ({ signal }) => {
      const rows: HistoryRow[] = [];
      let low: number | null = null;
      do {
        const page: components["schemas"]["HistoryRows"] = await request(
          "GET",
          `${apiPath("projects", entity, project, "runs", run)}/history`,
          { signal, query: { key: [key], low, limit: PAGE } },
        );
        rows.push(...page.items);
        low = page.next;
      } while (low !== null && rows.length < MOST);
      return rows;
    },
    staleTime: 30_000,
  });
