import { useQuery } from "@tanstack/react-query";
import { registryQuery } from "@/api/registries";
import type { ArtifactHome } from "@/lib/artifact-links";

const none: readonly string[] = [];

/** Aliases that only administrators of the registry move. */
export function useProtectedAliases(home: ArtifactHome): readonly string[] {
  const { org = "", name = "" } = home.registry ?? {};
  const registry = useQuery({ ...registryQuery(org, name), enabled: home.registry !== undefined });
  return registry.data?.protected_aliases ?? none;
}
