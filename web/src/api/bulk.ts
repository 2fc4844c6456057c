import type { QueryClient } from "@tanstack/react-query";
import type { components } from "./generated";
import { apiPath, request } from "./http";
import { runKeys } from "./runs";

type Bulk = components["schemas"]["Bulk"];
type Answer = components["schemas"]["BulkResult"];

/** One thing to do with many runs. */
export type BulkAction = Pick<Bulk, "action"> &
  Partial<Pick<Bulk, "add_tags" | "remove_tags" | "group" | "to">>;

/** So many at once that the progress can be seen. */
const AT_ONCE = 200;

/** Does it to each run; what one run refuses does not stop the others. */
export async function changeRuns(
  client: QueryClient,
  entity: string,
  project: string,
  runs: readonly string[],
  action: BulkAction,
  onProgress: (done: number) => void,
): Promise<Answer> {
  const result: Answer = { done: [], failed: [] };
  try {
    for (let from = 0; from < runs.length; from += AT_ONCE) {
      const some = runs.slice(from, from + AT_ONCE);
      const answer = await request<Answer>(
        "POST",
        `${apiPath("projects", entity, project)}/runs/bulk`,
        { body: { runs: some, ...action } },
      );
      result.done.push(...answer.done);
      result.failed.push(...answer.failed);
      onProgress(from + some.length);
    }
  } finally {
    await client.invalidateQueries({ queryKey: runKeys.project(entity, project) });
  }
  return result;
}
