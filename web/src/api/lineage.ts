import { keepPreviousData, queryOptions } from "@tanstack/react-query";
import { artifactKeys, type Home } from "./artifacts";
import { apiPath, request } from "./http";
import type { LineageGraph } from "./types";

export interface LineageSearch {
  /** `name:v3`, or a run's id; one of both. */
  version?: string;
  run?: string;
  direction: "up" | "down" | "both";
  depth: number;
  /** Ids of clusters that are open. */
  expand: readonly string[];
}

/** The graph around a version or a run. */
export const lineageQuery = (home: Home, asked: LineageSearch) =>
  queryOptions({
    queryKey: [...artifactKeys.project(home), "lineage", asked],
    queryFn: ({ signal }) =>
      request<LineageGraph>("GET", `${apiPath("projects", home.entity, home.project)}/lineage`, {
        signal,
        query: { ...asked },
      }),
    placeholderData: keepPreviousData,
  });
