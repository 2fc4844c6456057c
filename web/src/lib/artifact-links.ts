/** Where artifacts live: a project, or a registry, whose pages have addresses of their own. */
export interface ArtifactHome {
  entity: string;
  project: string;
  registry?: { org: string; name: string };
}

/** Before the name of a registry, where it is addressed as a project. */
export const REGISTRY_PREFIX = "wandb-registry-";

const join = (...parts: string[]) => `/${parts.map(encodeURIComponent).join("/")}`;

export function artifactsHref(home: ArtifactHome): string {
  return home.registry
    ? join("orgs", home.registry.org, "registry", home.registry.name)
    : join(home.entity, home.project, "artifacts");
}

export function collectionHref(home: ArtifactHome, type: string, name: string): string {
  const own = home.registry ? join(name) : join(type, name);
  return artifactsHref(home) + own;
}

export function versionHref(
  home: ArtifactHome,
  type: string,
  name: string,
  version: string | number,
  tab?: string,
): string {
  const ref = typeof version === "number" ? `v${version}` : version;
  return collectionHref(home, type, name) + join(...(tab ? [ref, tab] : [ref]));
}

export function runHref(entity: string, project: string, run: string): string {
  return join(entity, project, "runs", run);
}

/** The page of the graph around something in a project. */
export function lineageHref({ entity, project }: { entity: string; project: string }): string {
  return join(entity, project, "lineage");
}

export function projectSettingsHref({ entity, project }: { entity: string; project: string }) {
  return join(entity, project, "settings");
}
