import { infiniteQueryOptions, keepPreviousData, queryOptions } from "@tanstack/react-query";
import { apiPath, request, send } from "./http";
import type {
  ArtifactAction,
  ArtifactCollection,
  ArtifactCollectionPage,
  ArtifactDeletion,
  ArtifactEntry,
  ArtifactEntryPage,
  ArtifactType,
  ArtifactVersion,
  ArtifactVersionPage,
  CollectionChange,
  VersionChange,
} from "./types";

/** The project whose artifacts are meant; a registry is a project too. */
export interface Home {
  entity: string;
  project: string;
}

/** A collection of versions by its place and name. */
export interface CollectionAt extends Home {
  collection: string;
}

/** One version: `v3`, an alias, or a digest. */
export interface VersionAt extends CollectionAt {
  version: string;
}

export interface CollectionSearch {
  type: string;
  search: string;
  tag: string;
  sort: string;
}

/** More files than this are not compared or searched in the browser. */
export const MAX_ENTRIES = 50_000;

export const artifactKeys = {
  project: ({ entity, project }: Home) => ["artifacts", entity, project] as const,
  collection: (at: CollectionAt) => [...artifactKeys.project(at), "of", at.collection] as const,
  version: (at: VersionAt) => [...artifactKeys.collection(at), at.version] as const,
};

const artifactsPath = ({ entity, project }: Home) =>
  `${apiPath("projects", entity, project)}/artifacts`;
const collectionPath = (at: CollectionAt) =>
  `${artifactsPath(at)}/collections/${encodeURIComponent(at.collection)}`;
const versionPath = (at: VersionAt) =>
  `${collectionPath(at)}/versions/${encodeURIComponent(at.version)}`;

export const typesQuery = (home: Home) =>
  queryOptions({
    queryKey: [...artifactKeys.project(home), "types"],
    queryFn: async ({ signal }) =>
      (await request<{ items: ArtifactType[] }>("GET", `${artifactsPath(home)}/types`, { signal }))
        .items,
  });

function filterOf({ type, tag }: Pick<CollectionSearch, "type" | "tag">): string {
  const terms = [];
  if (type) terms.push(`type = ${JSON.stringify(type)}`);
  if (tag) terms.push(`tags contains ${JSON.stringify(tag)}`);
  return terms.join(" and ");
}

export const collectionsQuery = (home: Home, asked: CollectionSearch, limit = 200) =>
  infiniteQueryOptions({
    queryKey: [...artifactKeys.project(home), "collections", asked, limit],
    queryFn: ({ signal, pageParam }) =>
      request<ArtifactCollectionPage>("GET", `${artifactsPath(home)}/collections`, {
        signal,
        query: {
          search: asked.search,
          collection_filter: filterOf(asked),
          sort: asked.sort,
          limit,
          cursor: pageParam,
        },
      }),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.cursor,
    placeholderData: keepPreviousData,
  });

/** The artifacts to jump to. */
export const paletteCollectionsQuery = (home: Home, search: string) =>
  queryOptions({
    queryKey: [...artifactKeys.project(home), "palette", search],
    queryFn: ({ signal }) =>
      request<ArtifactCollectionPage>("GET", `${artifactsPath(home)}/collections`, {
        signal,
        query: { search, limit: 6 },
      }),
    placeholderData: keepPreviousData,
  });

export const collectionQuery = (at: CollectionAt) =>
  queryOptions({
    queryKey: artifactKeys.collection(at),
    queryFn: ({ signal }) => request<ArtifactCollection>("GET", collectionPath(at), { signal }),
  });

export const versionsQuery = (at: CollectionAt, filter = "", limit = 200) =>
  infiniteQueryOptions({
    queryKey: [...artifactKeys.collection(at), "versions", filter, limit],
    queryFn: ({ signal, pageParam }) =>
      request<ArtifactVersionPage>("GET", `${collectionPath(at)}/versions`, {
        signal,
        query: { version_filter: filter, limit, cursor: pageParam },
      }),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.cursor,
    placeholderData: keepPreviousData,
  });

export const versionQuery = (at: VersionAt) =>
  queryOptions({
    queryKey: artifactKeys.version(at),
    queryFn: ({ signal }) => request<ArtifactVersion>("GET", versionPath(at), { signal }),
  });

/** The files of a version, page by page as they are scrolled into sight. */
export const entriesQuery = (at: VersionAt, limit = 2000) =>
  infiniteQueryOptions({
    queryKey: [...artifactKeys.version(at), "files", limit],
    queryFn: ({ signal, pageParam }) =>
      request<ArtifactEntryPage>("GET", `${versionPath(at)}/files`, {
        signal,
        query: { limit, cursor: pageParam },
      }),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.cursor,
    // The files of a version never change.
    staleTime: Number.POSITIVE_INFINITY,
  });

/** All files of a version, up to `MAX_ENTRIES`. */
export const allEntriesQuery = (at: VersionAt) =>
  queryOptions({
    queryKey: [...artifactKeys.version(at), "all-files"],
    queryFn: async ({ signal }) => {
      const items: ArtifactEntry[] = [];
      let cursor: string | null = null;
      do {
        const page: ArtifactEntryPage = await request("GET", `${versionPath(at)}/files`, {
          signal,
          query: { limit: 10_000, cursor },
        });
        items.push(...page.items);
        cursor = page.cursor;
      } while (cursor !== null && items.length < MAX_ENTRIES);
      return { items, more: cursor !== null };
    },
    staleTime: Number.POSITIVE_INFINITY,
  });

/** Address of the bytes of a file. */
export function entryPath(at: VersionAt, path: string): string {
  return `${versionPath(at)}/files/${path.split("/").map(encodeURIComponent).join("/")}`;
}

/** The first bytes of a file, at most so many. */
export const entryBytesQuery = (at: VersionAt, entry: ArtifactEntry, most: number) =>
  queryOptions({
    queryKey: [...artifactKeys.version(at), "bytes", entry.path, entry.digest, most],
    queryFn: async ({ signal }) => {
      const headers: Record<string, string> = { Accept: "*/*" };
      if (entry.size > most) headers.Range = `bytes=0-${most - 1}`;
      return (await send("GET", entryPath(at, entry.path), { signal, headers })).blob();
    },
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 60_000,
  });

export const actionsQuery = (at: CollectionAt, limit = 100) =>
  infiniteQueryOptions({
    queryKey: [...artifactKeys.collection(at), "actions", limit],
    queryFn: async ({ signal, pageParam }) =>
      (
        await request<{ items: ArtifactAction[] }>("GET", `${collectionPath(at)}/actions`, {
          signal,
          query: { limit, before: pageParam },
        })
      ).items,
    initialPageParam: null as number | null,
    getNextPageParam: (last) => (last.length === limit ? (last.at(-1)?.id ?? null) : null),
  });

export function changeCollection(
  at: CollectionAt,
  change: CollectionChange,
): Promise<ArtifactCollection> {
  return request("PATCH", collectionPath(at), { body: change });
}

export function deleteCollection(at: CollectionAt, dryRun: boolean): Promise<ArtifactDeletion> {
  return request("DELETE", collectionPath(at), { query: { dry_run: dryRun } });
}

export function changeVersion(at: VersionAt, change: VersionChange): Promise<ArtifactVersion> {
  return request("PATCH", versionPath(at), { body: change });
}

export function deleteVersion(
  at: VersionAt,
  { dryRun, withAliases }: { dryRun: boolean; withAliases: boolean },
): Promise<ArtifactDeletion> {
  return request("DELETE", versionPath(at), {
    query: { dry_run: dryRun, with_aliases: withAliases },
  });
}

/** What a deletion would free. */
export const versionDeletionQuery = (at: VersionAt) =>
  queryOptions({
    queryKey: [...artifactKeys.version(at), "deletion"],
    queryFn: () => deleteVersion(at, { dryRun: true, withAliases: true }),
    staleTime: 0,
    gcTime: 0,
  });

export const collectionDeletionQuery = (at: CollectionAt) =>
  queryOptions({
    queryKey: [...artifactKeys.collection(at), "deletion"],
    queryFn: () => deleteCollection(at, true),
    staleTime: 0,
    gcTime: 0,
  });

export function putAlias(at: VersionAt, alias: string): Promise<ArtifactVersion> {
  return request("PUT", `${versionPath(at)}/aliases/${encodeURIComponent(alias)}`);
}

export function dropAlias(at: VersionAt, alias: string): Promise<ArtifactVersion> {
  return request("DELETE", `${versionPath(at)}/aliases/${encodeURIComponent(alias)}`);
}

export function unlinkVersion(at: VersionAt): Promise<void> {
  return request("DELETE", `${versionPath(at)}/link`);
}

export function linkVersion(
  version: number,
  target: CollectionAt & { aliases: string[] },
): Promise<ArtifactVersion> {
  return request("POST", `/api/v1/artifacts/versions/${version}/links`, { body: target });
}

const runEdgesQuery = (side: "inputs" | "outputs") => (home: Home, run: string) =>
  queryOptions({
    queryKey: [...artifactKeys.project(home), side, run],
    queryFn: async ({ signal }) => {
      const path = `${apiPath("projects", home.entity, home.project, "runs", run)}/${side}`;
      return (await request<ArtifactVersionPage>("GET", path, { signal })).items;
    },
  });

/** Versions that a run used. */
export const runInputsQuery = runEdgesQuery("inputs");
/** Versions that a run made. */
export const runOutputsQuery = runEdgesQuery("outputs");
