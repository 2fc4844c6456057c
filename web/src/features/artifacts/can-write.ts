import { useQuery } from "@tanstack/react-query";
import type { Home } from "@/api/artifacts";
import { projectQuery } from "@/api/projects";

/** Whether the caller may change what is in the project. */
export function useCanWrite({ entity, project }: Home): boolean {
  return useQuery(projectQuery(entity, project)).data?.can_write ?? false;
}
