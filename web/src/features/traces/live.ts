import { useQueryClient } from "@tanstack/react-query";
import { callKeys } from "@/api/calls";
import { useLiveEvent } from "@/api/stream";
import { useThrottled } from "@/ui/use-throttled";

const LIVE_MS = 2_000;

/** New calls come into the lists while the page is open. */
export function useLiveCalls(entity: string, project: string): void {
  const client = useQueryClient();
  const refetch = useThrottled(() => {
    void client.invalidateQueries({ queryKey: callKeys.project(entity, project) });
  }, LIVE_MS);
  useLiveEvent("calls.changed", (event) => {
    if (event.entity === entity && event.project === project) refetch();
  });
  useLiveEvent("resync", refetch);
}
