import type { QueryClient } from "@tanstack/react-query";
import { changeRun, deleteRun, runKeys, stopRun } from "./runs";
import type { Run } from "./types";

/** One thing to do with many runs. */
export type BulkAction =
  | { action: "tag"; add: readonly string[]; remove: readonly string[] }
  | { action: "group"; group: string | null }
  | { action: "stop" }
  | { action: "delete" };

export interface BulkResult {
  done: number;
  failed: { run: string; error: Error }[];
}

const AT_ONCE = 6;

/** Does it to each run; what one run refuses does not stop the others. */
export async function changeRuns(
  client: QueryClient,
  entity: string,
  project: string,
  runs: readonly Pick<Run, "id" | "tags">[],
  action: BulkAction,
  onProgress: (done: number) => void,
): Promise<BulkResult> {
  const waiting = [...runs];
  const result: BulkResult = { done: 0, failed: [] };
  const work = async () => {
    for (let run = waiting.pop(); run; run = waiting.pop()) {
      try {
        await changeOne(entity, project, run, action);
        result.done += 1;
      } catch (error) {
        result.failed.push({ run: run.id, error: error as Error });
      }
      onProgress(result.done + result.failed.length);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  await client.invalidateQueries({ queryKey: runKeys.project(entity, project) });
  return result;
}

async function changeOne(
  entity: string,
  project: string,
  run: Pick<Run, "id" | "tags">,
  action: BulkAction,
): Promise<unknown> {
  switch (action.action) {
    case "tag": {
      const kept = run.tags.filter((tag) => !action.remove.includes(tag));
      return changeRun(entity, project, run.id, { tags: [...new Set([...kept, ...action.add])] });
    }
    case "group":
      return changeRun(entity, project, run.id, { group: action.group });
    case "stop":
      return stopRun(entity, project, run.id);
    case "delete":
      return deleteRun(entity, project, run.id);
  }
}
