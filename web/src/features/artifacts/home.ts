import { useSuspenseQuery } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { useCallback, useMemo } from "react";
import type { Home } from "@/api/artifacts";
import { sessionQuery } from "@/api/session";
import type { ArtifactHome } from "@/lib/artifact-links";
import { REGISTRY_PREFIX } from "@/lib/artifact-links";

/** How the pages of artifacts in a project are addressed. */
export function useHomeOf(): (at: Home) => ArtifactHome {
  const { data: session } = useSuspenseQuery(sessionQuery);
  return useCallback(
    ({ entity, project }) => {
      const org = session.organizations.find((one) => one.entity === entity);
      if (!org || !project.startsWith(REGISTRY_PREFIX)) return { entity, project };
      return {
        entity,
        project,
        registry: { org: org.name, name: project.slice(REGISTRY_PREFIX.length) },
      };
    },
    [session.organizations],
  );
}

/** The project or registry that the address names. */
export function useHome(): ArtifactHome {
  const params = useParams({ strict: false }) as Record<string, string | undefined>;
  const { entity = "", project = "", org, registry } = params;
  const { data: session } = useSuspenseQuery(sessionQuery);
  const owner = session.organizations.find((one) => one.name === org)?.entity;
  return useMemo(() => {
    if (!org || !registry) return { entity, project };
    const home = { entity: owner ?? `${org}-org`, project: REGISTRY_PREFIX + registry };
    return { ...home, registry: { org, name: registry } };
  }, [entity, project, org, registry, owner]);
}
