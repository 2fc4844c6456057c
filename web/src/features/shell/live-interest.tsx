import { useQuery } from "@tanstack/react-query";
import { projectQuery } from "@/api/projects";
import { useLiveInterest } from "@/api/stream";
import type { Place } from "./shell";

/** Asks for the events of the project that is open, or of all where none is. */
export function LiveInterest({ place }: { place: Place }) {
  const { entity, project } = place;
  if (!entity || !project) return <Watch />;
  return <OfProject entity={entity} project={project} />;
}

function OfProject({ entity, project }: { entity: string; project: string }) {
  const known = useQuery(projectQuery(entity, project));
  return known.data ? <Watch entity={entity} project={project} /> : null;
}

function Watch({ entity, project }: { entity?: string; project?: string }) {
  useLiveInterest({ entity, project });
  return null;
}
