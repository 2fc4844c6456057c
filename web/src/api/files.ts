import { queryOptions } from "@tanstack/react-query";
import { apiPath, request, send } from "./http";
import type { FilePage, RunFile } from "./types";

/** Nobody looks through more than this in a list. */
const MAX_FILES = 10_000;

export const fileKeys = {
  list: (entity: string, project: string, run: string) => ["files", entity, project, run] as const,
};

export const filesQuery = (entity: string, project: string, run: string) =>
  queryOptions({
    queryKey: fileKeys.list(entity, project, run),
    queryFn: async ({ signal }) => {
      const path = `${apiPath("projects", entity, project, "runs", run)}/files`;
      const files: RunFile[] = [];
      let cursor: string | null = null;
      do {
        const page: FilePage = await request("GET", path, { signal, query: { cursor } });
        files.push(...page.items);
        cursor = page.cursor;
      } while (cursor !== null && files.length < MAX_FILES);
      return files;
    },
  });

/** Address of a file's bytes. */
export function filePath(entity: string, project: string, run: string, path: string): string {
  const file = path.split("/").map(encodeURIComponent).join("/");
  return `${apiPath("projects", entity, project, "runs", run)}/files/${file}`;
}

/** The first bytes of a file, for a preview. */
export const fileBytesQuery = (entity: string, project: string, run: string, file: RunFile) =>
  queryOptions({
    queryKey: [...fileKeys.list(entity, project, run), file.path, file.updated_at],
    queryFn: async ({ signal }) => {
      const response = await send("GET", filePath(entity, project, run, file.path), {
        signal,
        headers: { Accept: "*/*" },
      });
      return response.blob();
    },
    staleTime: 300_000,
  });

/** A file as text. */
export const fileTextQuery = (entity: string, project: string, run: string, file: RunFile) =>
  queryOptions({
    queryKey: [...fileKeys.list(entity, project, run), file.path, file.updated_at, "text"],
    queryFn: async ({ signal }) => {
      const response = await send("GET", filePath(entity, project, run, file.path), {
        signal,
        headers: { Accept: "*/*" },
      });
      return response.text();
    },
    staleTime: 300_000,
  });
