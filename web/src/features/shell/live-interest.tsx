import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef } from "react";
import { loggedKeys } from "@/api/keys";
import { projectKeys, projectQuery } from "@/api/projects";
import { runKeys } from "@/api/runs";
import { useLiveEvent, useLiveInterest } from "@/api/stream";
import { untilFound, useMissing } from "@/features/missing";
import type { Place } from "./shell";

/** Asks for the events of the project that is open, or of all where none is. */
export function LiveInterest({ place }: { place: Place }) {
  const { entity, project } = place;
  if (!entity || !project) return <Watch />;
  return <OfProject key={`${entity}/${project}`} entity={entity} project={project} />;
}

function OfProject({ entity, project }: { entity: string; project: string }) {
  const client = useQueryClient();
  const known = useQuery({ ...projectQuery(entity, project), refetchInterval: untilFound });
  const missing = useMissing(known, `${entity}/${project}`);
  const wasMissing = useRef(false);
  useEffect(() => {
    if (!missing && wasMissing.current) {
      void client.invalidateQueries({ queryKey: runKeys.project(entity, project) });
      void client.invalidateQueries({ queryKey: loggedKeys.project(entity, project) });
    }
    wasMissing.current = missing;
  }, [client, entity, project, missing]);
  useLiveEvent("project.changed", (event) => {
    if (missing && event.entity === entity && event.project === project) {
      void client.invalidateQueries({ queryKey: projectKeys.one(entity, project) });
    }
  });
  // The stream refuses a project that is not there.
  if (missing) return <Watch />;
  return known.data ? <Watch entity={entity} project={project} /> : null;
}

function Watch({ entity, project }: { entity?: string; project?: string }) {
  useLiveInterest({ entity, project });
  return null;
}
