import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import type { VersionAt } from "@/api/artifacts";
import { artifactKeys, changeVersion, dropAlias, putAlias } from "@/api/artifacts";
import type { ArtifactVersion, VersionChange } from "@/api/types";
import { useFailureToast } from "@/features/failure";
import type { ArtifactHome } from "@/lib/artifact-links";
import { Alias } from "@/ui/chip";
import { WordList } from "@/ui/editing";
import { useCanWrite } from "./can-write";
import { useProtected } from "./protected";
import styles from "./version.module.css";

/** How the API names a version. */
export const placeOf = (version: ArtifactVersion): VersionAt => ({
  entity: version.entity,
  project: version.project,
  collection: version.collection,
  version: `v${version.index}`,
});

/** Changes a version and shows what the server made of it. */
export function useVersionChange<T>(
  version: ArtifactVersion,
  act: (at: VersionAt, value: T) => Promise<ArtifactVersion>,
) {
  const client = useQueryClient();
  const fail = useFailureToast();
  const at = placeOf(version);
  return useMutation({
    mutationFn: (value: T) => act(at, value),
    onSuccess: (changed) => {
      client.setQueryData(artifactKeys.version(at), changed);
      void client.invalidateQueries({ queryKey: artifactKeys.project(at) });
    },
    onError: fail,
  });
}

export const useChangeVersion = (version: ArtifactVersion) =>
  useVersionChange<VersionChange>(version, changeVersion);

/** A version is changed where it was made, wherever it is shown. */
export function useCanChange(version: ArtifactVersion): boolean {
  return useCanWrite(version.source ?? version);
}

/** Aliases and tags of a version, changed in place. */
export function VersionMarks({ home, version }: { home: ArtifactHome; version: ArtifactVersion }) {
  const { t } = useTranslation();
  const canAlias = useCanWrite(home);
  const canTag = useCanChange(version);
  const guarded = useProtected(home);
  const add = useVersionChange(version, putAlias);
  const drop = useVersionChange(version, dropAlias);
  const change = useChangeVersion(version);
  return (
    <div className={styles.marks}>
      <span className={styles.mark}>
        <span className="muted">{t("artifacts.aliases")}</span>
        <WordList
          words={version.aliases}
          addLabel={t("artifacts.addAlias")}
          removeLabel={(alias) => t("artifacts.removeAlias", { alias })}
          onAdd={canAlias ? (alias) => add.mutate(alias) : undefined}
          onRemove={canAlias ? (alias) => drop.mutate(alias) : undefined}
          show={(alias, remove) => (
            <Alias locked={guarded(alias)} onRemove={alias === "latest" ? null : remove}>
              {alias}
            </Alias>
          )}
        />
      </span>
      <span className={styles.mark}>
        <span className="muted">{t("artifacts.tags")}</span>
        <WordList
          words={version.tags}
          addLabel={t("run.addTag")}
          removeLabel={(tag) => t("run.removeTag", { tag })}
          onAdd={canTag ? (tag) => change.mutate({ add_tags: [tag] }) : undefined}
          onRemove={canTag ? (tag) => change.mutate({ remove_tags: [tag] }) : undefined}
        />
      </span>
    </div>
  );
}
