import { useMutation, useQueries, useQueryClient, useSuspenseQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { artifactKeys, linkVersion } from "@/api/artifacts";
import { registriesQuery } from "@/api/registries";
import { sessionQuery } from "@/api/session";
import type { ArtifactVersion, Registry } from "@/api/types";
import { useMessageOf } from "@/features/failure";
import { versionHref } from "@/lib/artifact-links";
import { Button } from "@/ui/button";
import { Dialog, DialogActions } from "@/ui/dialog";
import { Field, Input, Select } from "@/ui/field";
import { Notice, SkeletonRows } from "@/ui/states";
import { toast } from "@/ui/toast";
import { useHomeOf } from "./home";
import styles from "./version.module.css";

/** Shows a version in a registry, or in another collection of its project. */
export function LinkDialog({
  version,
  open,
  onOpen,
}: {
  version: ArtifactVersion;
  open: boolean;
  onOpen: (open: boolean) => void;
}) {
  const { t } = useTranslation();
  return (
    <Dialog
      open={open}
      onOpen={onOpen}
      title={t("artifacts.linkTitle", { name: `${version.collection}:v${version.index}` })}
      closeLabel={t("common.close")}
    >
      <Body version={version} onOpen={onOpen} />
    </Dialog>
  );
}

interface Target {
  id: string;
  label: string;
  entity: string;
  project: string;
  /** Why it cannot be chosen. */
  refused?: string;
}

function Body({ version, onOpen }: { version: ArtifactVersion; onOpen: (open: boolean) => void }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const navigate = useNavigate();
  const homeOf = useHomeOf();
  const messageOf = useMessageOf();
  const { data: session } = useSuspenseQuery(sessionQuery);
  const lists = useQueries({
    queries: session.organizations.map((org) => registriesQuery(org.name)),
  });
  const home = version.source ?? version;
  const loading = lists.some((list) => list.isPending);
  const targets = useMemo(() => {
    const found = lists.flatMap((list, at) =>
      (list.data ?? []).map((registry): Target => {
        const org = session.organizations[at]?.name ?? "";
        const many = session.organizations.length > 1;
        return {
          id: `${registry.entity}/${registry.project}`,
          label: many ? `${org} / ${registry.name}` : registry.name,
          entity: registry.entity,
          project: registry.project,
          refused: {
            forbidden: t("artifacts.linkForbidden"),
            type: t("artifacts.linkWrongType", { types: registry.types.join(", ") }),
            none: undefined,
          }[refusal(registry, version.type) ?? "none"],
        };
      }),
    );
    const own: Target = {
      id: `${home.entity}/${home.project}`,
      label: t("artifacts.ownProject", { name: home.project }),
      entity: home.entity,
      project: home.project,
    };
    return [...found, own];
  }, [lists, session.organizations, version.type, home, t]);
  const usable = targets.filter((target) => !target.refused);
  const [chosen, setChosen] = useState<string | null>(null);
  const target = usable.find((one) => one.id === chosen) ?? usable[0];
  const [collection, setCollection] = useState(version.collection);
  const [aliases, setAliases] = useState("");
  const link = useMutation({
    mutationFn: () =>
      linkVersion(version.id, {
        entity: target?.entity ?? "",
        project: target?.project ?? "",
        collection: collection.trim(),
        aliases: aliases
          .split(",")
          .map((alias) => alias.trim())
          .filter(Boolean),
      }),
    onSuccess: (linked) => {
      toast(t("artifacts.linked"));
      void client.invalidateQueries({ queryKey: artifactKeys.project(linked) });
      void client.invalidateQueries({ queryKey: artifactKeys.project(version) });
      onOpen(false);
      const to = versionHref(homeOf(linked), linked.type, linked.collection, linked.index);
      navigate({ to: to as "/" });
    },
  });
  if (loading) return <SkeletonRows rows={3} label={t("common.loading")} />;
  // In the project of the version itself a link needs a name of its own.
  const clash =
    target?.project === home.project &&
    target.entity === home.entity &&
    collection.trim() === home.collection;
  return (
    <form
      className={styles.dialog}
      onSubmit={(event) => {
        event.preventDefault();
        link.mutate();
      }}
    >
      {usable.length === 1 && <Notice>{t("artifacts.noRegistry")}</Notice>}
      <Field label={t("artifacts.linkWhere")}>
        {(id) => (
          <Select
            id={id}
            label={t("artifacts.linkWhere")}
            value={target?.id}
            onChange={(event) => setChosen(event.target.value)}
          >
            {targets.map((one) => (
              <option key={one.id} value={one.id} disabled={one.refused !== undefined}>
                {one.refused ? `${one.label} – ${one.refused}` : one.label}
              </option>
            ))}
          </Select>
        )}
      </Field>
      <Field
        label={t("artifacts.linkCollection")}
        hint={clash ? t("artifacts.linkOwn") : t("artifacts.linkCollectionHint")}
        error={link.isError ? messageOf(link.error) : null}
      >
        {(id) => (
          <Input
            id={id}
            value={collection}
            maxLength={128}
            invalid={link.isError}
            onChange={(event) => setCollection(event.target.value)}
          />
        )}
      </Field>
      <Field label={t("artifacts.aliases")} hint={t("artifacts.linkAliasesHint")}>
        {(id) => (
          <Input
            id={id}
            value={aliases}
            placeholder="staging, candidate"
            onChange={(event) => setAliases(event.target.value)}
          />
        )}
      </Field>
      <DialogActions>
        <Button onClick={() => onOpen(false)}>{t("common.cancel")}</Button>
        <Button
          type="submit"
          variant="primary"
          icon="link"
          busy={link.isPending}
          disabled={!target || collection.trim() === "" || clash}
        >
          {t("artifacts.link")}
        </Button>
      </DialogActions>
    </form>
  );
}

/** Why a registry does not take a version of this type from the caller. */
function refusal(registry: Registry, type: string): "forbidden" | "type" | null {
  if (!registry.can_write) return "forbidden";
  return registry.any_type || registry.types.includes(type) ? null : "type";
}
