import { infiniteQueryOptions, keepPreviousData, queryOptions } from "@tanstack/react-query";
import type { components } from "./generated";
import { apiPath, request } from "./http";

type Schemas = components["schemas"];
export type Evaluation = Schemas["EvaluationInfo"];
export type EvaluationDetail = Schemas["EvaluationDetail"];
export type EvaluationMetric = Schemas["EvaluationMetric"];
export type MetricFigures = Pick<EvaluationMetric, "mean" | "interval">;
export type EvaluationGroup = Schemas["EvaluationGroup"];
export type EvaluationRef = Schemas["Ref"];
export type ConfusionMatrix = Schemas["ConfusionMatrix"];
export type ScoreSlices = Schemas["ScoreSlices"];
export type Comparison = Schemas["Comparison"];
export type ComparedEvaluation = Schemas["ComparedEvaluation"];
export type ComparisonMetric = Schemas["ComparisonMetric"];
export type ComparisonCell = Schemas["ComparisonCell"];
export type ComparisonRow = Schemas["ComparisonRow"];
export type ComparisonRowCell = Schemas["ComparisonRowCell"];
export type ComparisonRows = Schemas["ComparisonRows"];
export type MetricDelta = Schemas["MetricDelta"];
export type MetricValues = Schemas["MetricValues"];
export type RowDetail = Schemas["RowDetail"];
interface EvaluationPage {
  items: Evaluation[];
  cursor: string | null;
  total: number;
}

export interface EvaluationSearch {
  search: string;
  status: string;
  /** `NAME`, `NAME:vN` or `NAME:DIGEST`. */
  model: string;
  dataset: string;
  sort: string;
}

export interface RowSearch {
  filter: string;
  search: string;
  /** `disagree:METRIC`, `worse:METRIC` or `better:METRIC`. */
  only: string;
  sort: string;
}

export const evaluationKeys = {
  project: (entity: string, project: string) => ["evaluations", entity, project] as const,
};

const place = (entity: string, project: string) => apiPath("projects", entity, project);
const one = (entity: string, project: string, id: string) =>
  apiPath("projects", entity, project, "evaluations", id);

export const evaluationListQuery = (entity: string, project: string, asked: EvaluationSearch) =>
  infiniteQueryOptions({
    queryKey: [...evaluationKeys.project(entity, project), "list", asked],
    queryFn: ({ signal, pageParam }) =>
      request<EvaluationPage>("GET", `${place(entity, project)}/evaluations`, {
        signal,
        query: { ...asked, limit: 100, cursor: pageParam },
      }),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.cursor,
    placeholderData: keepPreviousData,
  });

export const evaluationGroupsQuery = (entity: string, project: string, by: "model" | "dataset") =>
  queryOptions({
    queryKey: [...evaluationKeys.project(entity, project), "groups", by],
    queryFn: ({ signal }) =>
      request<EvaluationGroup[]>("GET", `${place(entity, project)}/evaluations/groups`, {
        signal,
        query: { by },
      }),
  });

export const evaluationQuery = (entity: string, project: string, id: string) =>
  queryOptions({
    queryKey: [...evaluationKeys.project(entity, project), "one", id],
    queryFn: ({ signal }) => request<EvaluationDetail>("GET", one(entity, project, id), { signal }),
  });

export const confusionQuery = (
  entity: string,
  project: string,
  id: string,
  expected: string,
  predicted: string,
) =>
  queryOptions({
    queryKey: [...evaluationKeys.project(entity, project), "confusion", id, expected, predicted],
    queryFn: ({ signal }) =>
      request<ConfusionMatrix>("GET", `${one(entity, project, id)}/confusion`, {
        signal,
        query: { expected, predicted },
      }),
    enabled: expected !== "" && predicted !== "",
    retry: false,
    placeholderData: keepPreviousData,
  });

export const slicesQuery = (entity: string, project: string, id: string, metric: string) =>
  queryOptions({
    queryKey: [...evaluationKeys.project(entity, project), "slices", id, metric],
    queryFn: ({ signal }) =>
      request<ScoreSlices>("GET", `${one(entity, project, id)}/slices`, {
        signal,
        query: { metric, min_rows: 2 },
      }),
    enabled: metric !== "",
    placeholderData: keepPreviousData,
  });

export const rowQuery = (entity: string, project: string, id: string, digest: string) =>
  queryOptions({
    queryKey: [...evaluationKeys.project(entity, project), "row", id, digest],
    queryFn: ({ signal }) =>
      request<RowDetail>("GET", `${one(entity, project, id)}/rows/${encodeURIComponent(digest)}`, {
        signal,
      }),
    enabled: digest !== "",
  });

/** Rows of one evaluation, or of several side by side. */
export const evaluationRowsQuery = (
  entity: string,
  project: string,
  ids: readonly string[],
  asked: RowSearch,
) =>
  infiniteQueryOptions({
    queryKey: [...evaluationKeys.project(entity, project), "rows", ids, asked],
    queryFn: ({ signal, pageParam }) =>
      request<ComparisonRows>("GET", `${place(entity, project)}/comparison/rows`, {
        signal,
        query: { evaluation: ids, ...asked, limit: 100, cursor: pageParam },
      }),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.cursor,
    enabled: ids.length > 0,
    retry: false,
    placeholderData: keepPreviousData,
  });

/** The first is the baseline. */
export const comparisonQuery = (entity: string, project: string, ids: readonly string[]) =>
  queryOptions({
    queryKey: [...evaluationKeys.project(entity, project), "comparison", ids],
    queryFn: ({ signal }) =>
      request<Comparison>("GET", `${place(entity, project)}/comparison`, {
        signal,
        query: { evaluation: ids },
      }),
    enabled: ids.length > 0,
    placeholderData: keepPreviousData,
  });

export const metricValuesQuery = (
  entity: string,
  project: string,
  ids: readonly string[],
  metrics: readonly string[],
) =>
  queryOptions({
    queryKey: [...evaluationKeys.project(entity, project), "values", ids, metrics],
    queryFn: ({ signal }) =>
      request<MetricValues>("GET", `${place(entity, project)}/comparison/values`, {
        signal,
        query: { evaluation: ids, metric: metrics },
      }),
    enabled: ids.length > 0 && metrics.length > 0,
    placeholderData: keepPreviousData,
  });

export const exportHref = (entity: string, project: string, id: string, format: "jsonl" | "csv") =>
  `${one(entity, project, id)}/export?format=${format}`;
