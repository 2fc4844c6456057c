import { useCallback } from "react";
import { useTranslation } from "react-i18next";
import { useProtectedAliases } from "@/features/registry/protected-aliases";
import type { ArtifactHome } from "@/lib/artifact-links";

/** Says of an alias that only administrators of the registry move it; nothing of others. */
export function useProtected(home: ArtifactHome): (alias: string) => string | undefined {
  const { t } = useTranslation();
  const aliases = useProtectedAliases(home);
  return useCallback(
    (alias) => (aliases.includes(alias) ? t("registry.protectedAlias") : undefined),
    [aliases, t],
  );
}
