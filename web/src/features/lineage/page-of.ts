import type { Home } from "@/api/artifacts";
import type { LineageNode } from "@/api/types";
import type { ArtifactHome } from "@/lib/artifact-links";
import { runHref, versionHref } from "@/lib/artifact-links";

/** The page of a node; none of what one may not see. */
export function pageOf(node: LineageNode, homeOf: (at: Home) => ArtifactHome): string | null {
  const { kind, entity, project, name, type, index } = node;
  if (entity === null || project === null || name === null) return null;
  if (kind === "run") return runHref(entity, project, name);
  return versionHref(homeOf({ entity, project }), type ?? "-", name, index ?? 0);
}
