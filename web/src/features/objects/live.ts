import { useQueryClient } from "@tanstack/react-query";
import type { ObjectHome } from "@/api/objects";
import { objectKeys } from "@/api/objects";
import { useLiveEvent } from "@/api/stream";
import { useThrottled } from "@/ui/use-throttled";

const INTERVAL = 2_000;

/** Asks again for objects when programs have been at work in the project. */
export function useLiveObjects({ entity, project }: ObjectHome): void {
  const client = useQueryClient();
  const refetch = useThrottled(
    () => void client.invalidateQueries({ queryKey: objectKeys.project({ entity, project }) }),
    INTERVAL,
  );
  useLiveEvent("calls.changed", (event) => {
    if (event.entity === entity && event.project === project) refetch();
  });
  useLiveEvent("resync", refetch);
}
