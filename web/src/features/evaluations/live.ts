import { useQueryClient } from "@tanstack/react-query";
import { evaluationKeys } from "@/api/evaluations";
import { useLiveEvent } from "@/api/stream";
import { useThrottled } from "@/ui/use-throttled";

const INTERVAL = 3_000;

/** Evaluations move on while their calls come in. */
export function useLiveEvaluations(entity: string, project: string): void {
  const client = useQueryClient();
  const refetch = useThrottled(
    () => void client.invalidateQueries({ queryKey: evaluationKeys.project(entity, project) }),
    INTERVAL,
  );
  useLiveEvent("calls.changed", (event) => {
    if (event.entity === entity && event.project === project) refetch();
  });
  useLiveEvent("resync", refetch);
}
