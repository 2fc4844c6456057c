import { useQuery } from "@tanstack/react-query";
import { useCallback } from "react";
import { useTranslation } from "react-i18next";
import { registryQuery } from "@/api/registries";
import type { ArtifactHome } from "@/lib/artifact-links";

/** Says of an alias that only administrators of the registry move it; nothing of others. */
export function useProtected(home: ArtifactHome): (alias: string) => string | undefined {
  const { t } = useTranslation();
  const { org = "", name = "" } = home.registry ?? {};
  const registry = useQuery({ ...registryQuery(org, name), enabled: home.registry !== undefined });
  const aliases = registry.data?.protected_aliases;
  return useCallback(
    (alias) => (aliases?.includes(alias) ? t("registry.protectedAlias") : undefined),
    [aliases, t],
  );
}
