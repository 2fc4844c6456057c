import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate, useParams } from "@tanstack/react-router";
import { lazy, Suspense, useState } from "react";
import { useTranslation } from "react-i18next";
import type { CollectionAt } from "@/api/artifacts";
import { artifactKeys, changeCollection, collectionQuery } from "@/api/artifacts";
import type { ArtifactCollection, CollectionChange } from "@/api/types";
import { Failure, useFailureToast } from "@/features/failure";
import { untilFound, useMissing } from "@/features/missing";
import { usePageTitle } from "@/features/title";
import { useParam } from "@/features/url";
import type { ArtifactHome } from "@/lib/artifact-links";
import { artifactsHref, collectionHref } from "@/lib/artifact-links";
import type { Params } from "@/lib/view";
import { IconButton } from "@/ui/button";
import { Tag } from "@/ui/chip";
import { EditableName, EditableText, WordList } from "@/ui/editing";
import type { IconName } from "@/ui/icon";
import { Icon } from "@/ui/icon";
import { Menu, MenuItem } from "@/ui/menu";
import { Blank, Page, PageBody, PageHead, Tabs } from "@/ui/page";
import { SkeletonRows } from "@/ui/states";
import { useCanWrite } from "./can-write";
import styles from "./collection.module.css";
import { DeleteCollection } from "./delete-dialogs";
import { useHome } from "./home";
import { useLiveArtifacts } from "./live";
import { VersionTable } from "./version-table";

const Plots = lazy(() => import("./plots").then((m) => ({ default: m.VersionPlots })));
const Compare = lazy(() => import("./compare").then((m) => ({ default: m.CompareVersions })));
const History = lazy(() => import("./history").then((m) => ({ default: m.CollectionHistory })));

const Board = lazy(() =>
  import("@/features/registry/board").then((m) => ({ default: m.AliasBoard })),
);

const icons: Record<string, IconName> = {
  versions: "table",
  board: "columns",
  plots: "chart",
  compare: "compare",
  history: "clock",
};

const usualTabs = ["versions", "plots", "compare", "history"] as const;
const registryTabs = ["versions", "board", "plots", "compare", "history"] as const;

/** The versions of an artifact, and what has become of them. */
export function CollectionPage() {
  const { t } = useTranslation();
  const home = useHome();
  const { collection: name = "" } = useParams({ strict: false }) as { collection?: string };
  const at: CollectionAt = { entity: home.entity, project: home.project, collection: name };
  const found = useQuery({ ...collectionQuery(at), refetchInterval: untilFound });
  const missing = useMissing(found, `${home.entity}/${home.project}/${name}`);
  const [asked] = useParam("tab", "versions");
  const tabs: readonly (typeof registryTabs)[number][] = home.registry ? registryTabs : usualTabs;
  const tab = tabs.find((one) => one === asked) ?? "versions";
  useLiveArtifacts(home);
  usePageTitle(name, home.registry?.name ?? home.project);

  if (missing && !found.data) {
    return (
      <Blank icon="search" title={t("artifacts.notFound", { name })}>
        {t("artifacts.notFoundText")}
      </Blank>
    );
  }
  if (found.isPending) return <SkeletonRows rows={10} label={t("common.loading")} />;
  if (found.isError && !found.data) {
    return <Failure title={t("artifacts.error")} error={found.error} onRetry={found.refetch} />;
  }
  const collection = found.data;
  return (
    <Page>
      <CollectionHead home={home} at={at} collection={collection} />
      <Tabs label={t("artifacts.tabs")}>
        {tabs.map((one) => (
          <Link
            key={one}
            to={collectionHref(home, collection.type, name) as "/"}
            search={(one === "versions" ? {} : { tab: one }) as Params}
            activeOptions={{ exact: true }}
            aria-current={one === tab ? "page" : undefined}
          >
            <Icon name={icons[one] as IconName} size={15} />
            {t(`artifacts.tab.${one}`)}
          </Link>
        ))}
      </Tabs>
      <PageBody>
        <Suspense fallback={<SkeletonRows label={t("common.loading")} />}>
          {tab === "versions" && <VersionTable home={home} at={at} collection={collection} />}
          {tab === "board" && <Board home={home} at={at} collection={collection} />}
          {tab === "plots" && <Plots at={at} />}
          {tab === "compare" && <Compare home={home} at={at} collection={collection} />}
          {tab === "history" && <History home={home} at={at} collection={collection} />}
        </Suspense>
      </PageBody>
    </Page>
  );
}

function useChangeCollection(home: ArtifactHome, at: CollectionAt) {
  const client = useQueryClient();
  const fail = useFailureToast();
  return useMutation({
    mutationFn: (change: CollectionChange) => changeCollection(at, change),
    onSuccess: (changed) => {
      client.setQueryData(artifactKeys.collection({ ...at, collection: changed.name }), changed);
      void client.invalidateQueries({ queryKey: artifactKeys.project(home) });
    },
    onError: fail,
  });
}

function CollectionHead({
  home,
  at,
  collection,
}: {
  home: ArtifactHome;
  at: CollectionAt;
  collection: ArtifactCollection;
}) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const canWrite = useCanWrite(home);
  const change = useChangeCollection(home, at);
  const [draft, setDraft] = useState<string | null>(null);
  const [deleting, setDeleting] = useState(false);
  const rename = (name: string) =>
    change.mutate(
      { name },
      {
        onSuccess: (changed) =>
          navigate({
            to: collectionHref(home, changed.type, changed.name) as "/",
            replace: true,
          }),
      },
    );
  const words = { save: t("common.save"), cancel: t("common.cancel") };
  return (
    <>
      <PageHead
        title={
          <>
            <Icon name={collection.kind === "portfolio" ? "link" : "box"} size={18} />
            <EditableName
              key={collection.name}
              name={collection.name}
              label={t("artifacts.rename")}
              onName={canWrite ? rename : undefined}
            />
          </>
        }
        actions={
          canWrite && (
            <Menu trigger={<IconButton icon="more" label={t("common.more")} />}>
              <MenuItem icon="edit" onSelect={() => setDraft(collection.description ?? "")}>
                {t("artifacts.describe")}
              </MenuItem>
              <MenuItem icon="trash" danger onSelect={() => setDeleting(true)}>
                {t("artifacts.deleteCollection")}
              </MenuItem>
            </Menu>
          )
        }
        marks={
          <>
            <Tag>{collection.type}</Tag>
            <span className="numeric">
              {t("artifacts.versionCount", { count: collection.versions })}
            </span>
            <WordList
              words={collection.tags}
              addLabel={t("run.addTag")}
              removeLabel={(tag) => t("run.removeTag", { tag })}
              onAdd={canWrite ? (tag) => change.mutate({ add_tags: [tag] }) : undefined}
              onRemove={canWrite ? (tag) => change.mutate({ remove_tags: [tag] }) : undefined}
            />
          </>
        }
      />
      {(collection.description || draft !== null) && (
        <div className={styles.description}>
          <EditableText
            text={collection.description ?? ""}
            label={t("artifacts.description")}
            placeholder={t("artifacts.descriptionPlaceholder")}
            draft={draft}
            onDraft={setDraft}
            busy={change.isPending}
            onText={(description) =>
              change.mutate({ description }, { onSuccess: () => setDraft(null) })
            }
            words={words}
          />
        </div>
      )}
      <DeleteCollection
        at={at}
        collection={collection}
        open={deleting}
        onOpen={setDeleting}
        onDeleted={() => navigate({ to: artifactsHref(home) as "/" })}
      />
    </>
  );
}
