import { useQueryClient } from "@tanstack/react-query";
import type { Home } from "@/api/artifacts";
import { artifactKeys } from "@/api/artifacts";
import { useLiveEvent } from "@/api/stream";
import { useThrottled } from "@/ui/use-throttled";

/** Many versions that are logged one after another make few requests. */
const INTERVAL = 600;

/** Asks again for the artifacts of a project when something about them has changed. */
export function useLiveArtifacts({ entity, project }: Home): void {
  const client = useQueryClient();
  const refetch = useThrottled(
    () => void client.invalidateQueries({ queryKey: artifactKeys.project({ entity, project }) }),
    INTERVAL,
  );
  useLiveEvent("artifacts.changed", (event) => {
    if (event.entity === entity && event.project === project) refetch();
  });
  useLiveEvent("resync", refetch);
}
