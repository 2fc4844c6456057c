import { infiniteQueryOptions, keepPreviousData, queryOptions } from "@tanstack/react-query";
import { apiPath, request, send } from "./http";
import type {
  NewDatasetVersion,
  ObjectCategory,
  ObjectPage,
  ObjectVersion,
  ObjectVersionDetail,
  ObjectVersionPage,
  TableRow,
  TableRows,
} from "./types";

/** The project in which objects are. */
export interface ObjectHome {
  entity: string;
  project: string;
}

/** An object by its kind and name. */
export interface ObjectAt extends ObjectHome {
  kind: "op" | "object";
  name: string;
}

export interface ObjectSearch {
  category: ObjectCategory | "";
  search: string;
  tag: string;
  sort: string;
}

/** Rows that the browser reads at most, to compare or to search them. */
export const MAX_ROWS = 10_000;
export const ROWS_PAGE = 200;

export const objectKeys = {
  project: ({ entity, project }: ObjectHome) => ["objects", entity, project] as const,
  one: (at: ObjectAt) => [...objectKeys.project(at), "one", at.kind, at.name] as const,
};

const home = ({ entity, project }: ObjectHome) => apiPath("projects", entity, project);
const versionsPath = (at: ObjectAt) =>
  `${home(at)}/objects/${at.kind}/${encodeURIComponent(at.name)}/versions`;

export const objectListQuery = (at: ObjectHome, asked: ObjectSearch, limit = 200) =>
  infiniteQueryOptions({
    queryKey: [...objectKeys.project(at), "list", asked, limit],
    queryFn: ({ signal, pageParam }) =>
      request<ObjectPage>("GET", `${home(at)}/objects`, {
        signal,
        query: { ...asked, limit, cursor: pageParam },
      }),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.cursor,
    placeholderData: keepPreviousData,
  });

/** Up to a thousand versions; more come by the next page. */
export const objectVersionsQuery = (at: ObjectAt) =>
  infiniteQueryOptions({
    queryKey: [...objectKeys.one(at), "versions"],
    queryFn: ({ signal, pageParam }) =>
      request<ObjectVersionPage>("GET", versionsPath(at), {
        signal,
        query: { limit: 1000, cursor: pageParam },
      }),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.cursor,
  });

/** One version: `v3`, a digest or an alias. */
export const objectVersionQuery = (at: ObjectAt, version: string) =>
  queryOptions({
    queryKey: [...objectKeys.one(at), "version", version],
    queryFn: ({ signal }) =>
      request<ObjectVersionDetail>("GET", `${versionsPath(at)}/${encodeURIComponent(version)}`, {
        signal,
      }),
  });

export const markVersion = (
  at: ObjectAt,
  version: string,
  marks: { tags?: string[]; aliases?: string[] },
): Promise<ObjectVersion> =>
  request("PATCH", `${versionsPath(at)}/${encodeURIComponent(version)}`, { body: marks });

export const deleteVersion = (at: ObjectAt, version: string): Promise<void> =>
  request("DELETE", `${versionsPath(at)}/${encodeURIComponent(version)}`);

export const publishObject = (
  at: ObjectHome,
  body: { name: string; value: unknown; after: string | null },
): Promise<ObjectVersionDetail> => request("POST", `${home(at)}/objects`, { body });

export const publishDataset = (
  at: ObjectHome,
  name: string,
  body: NewDatasetVersion,
): Promise<ObjectVersionDetail> =>
  request("POST", `${home(at)}/datasets/${encodeURIComponent(name)}/versions`, { body });

const objectFilePath = (at: ObjectHome, digest: string) =>
  `${home(at)}/objects/files/${encodeURIComponent(digest)}`;

/** A file that an object or a row names; what stands behind a digest never changes. */
export const objectFileQuery = (at: ObjectHome, digest: string, name = "file") =>
  queryOptions({
    queryKey: ["object-file", at.entity, at.project, digest],
    queryFn: async ({ signal }) =>
      (await send("GET", objectFilePath(at, digest), { signal, query: { name } })).blob(),
    staleTime: Number.POSITIVE_INFINITY,
  });

export const objectTextQuery = (at: ObjectHome, digest: string) =>
  queryOptions({
    queryKey: ["object-text", at.entity, at.project, digest],
    queryFn: async ({ signal }) =>
      (await send("GET", objectFilePath(at, digest), { signal })).text(),
    staleTime: Number.POSITIVE_INFINITY,
  });

/** One page of the rows of a table; tables never change. */
export const tablePageQuery = (at: ObjectHome, table: string, page: number) =>
  queryOptions({
    queryKey: ["table-rows", at.entity, at.project, table, page],
    queryFn: ({ signal }) =>
      request<TableRows>("GET", `${home(at)}/tables/${encodeURIComponent(table)}/rows`, {
        signal,
        query: { limit: ROWS_PAGE, offset: page * ROWS_PAGE },
      }),
    staleTime: Number.POSITIVE_INFINITY,
  });

/** Rows of a table from its beginning, as many as are wanted. */
export async function readTable(
  at: ObjectHome,
  table: string,
  most: number,
  signal?: AbortSignal,
): Promise<{ rows: TableRow[]; total: number }> {
  const path = `${home(at)}/tables/${encodeURIComponent(table)}/rows`;
  const rows: TableRow[] = [];
  let cursor: string | null = null;
  let total = 0;
  do {
    const query = { limit: 1000, cursor };
    const page: TableRows = await request("GET", path, { signal, query });
    rows.push(...page.items);
    total = page.total;
    cursor = page.cursor;
  } while (cursor !== null && rows.length < most);
  return { rows, total };
}

/** The rows of a table, up to `MAX_ROWS`. */
export const allRowsQuery = (at: ObjectHome, table: string) =>
  queryOptions({
    queryKey: ["table-rows", at.entity, at.project, table, "all"],
    queryFn: ({ signal }) => readTable(at, table, MAX_ROWS, signal),
    staleTime: Number.POSITIVE_INFINITY,
  });
