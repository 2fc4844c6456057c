import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { Link, Navigate, useParams, useSearch } from "@tanstack/react-router";
import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import { collectionsQuery } from "@/api/artifacts";
import { registryQuery } from "@/api/registries";
import type { Registry } from "@/api/types";
import { CollectionTable } from "@/features/artifacts/collection-table";
import { useHome } from "@/features/artifacts/home";
import { useLiveArtifacts } from "@/features/artifacts/live";
import { Failure } from "@/features/failure";
import { useMissing } from "@/features/missing";
import { usePageTitle } from "@/features/title";
import { useParam } from "@/features/url";
import type { ArtifactHome } from "@/lib/artifact-links";
import { artifactsHref, collectionHref, versionHref } from "@/lib/artifact-links";
import type { Params } from "@/lib/view";
import { Tag } from "@/ui/chip";
import { SearchInput } from "@/ui/field";
import type { IconName } from "@/ui/icon";
import { Icon } from "@/ui/icon";
import { Blank, Grow, Page, PageBody, PageHead, Tabs, Toolbar } from "@/ui/page";
import { SkeletonRows } from "@/ui/states";
import { useDraft } from "@/ui/use-debounced";
import { RegistryHistory } from "./history";
import { RegistryMembers } from "./members";
import styles from "./registry.module.css";
import { RegistrySettings } from "./settings";

const tabs = ["collections", "members", "history", "settings"] as const;

const icons: Record<(typeof tabs)[number], IconName> = {
  collections: "box",
  members: "user",
  history: "clock",
  settings: "settings",
};

/** A registry: what it holds, who may do what, and what has been done. */
export function RegistryPage() {
  const { t } = useTranslation();
  const { org = "", registry: name = "" } = useParams({ strict: false }) as Record<string, string>;
  const search = useSearch({ strict: false }) as Params;
  const home = useHome();
  const query = useQuery(registryQuery(org, name));
  const missing = useMissing(query, `${org}/${name}`);
  const [asked] = useParam("tab", "collections");
  const tab = tabs.find((one) => one === asked) ?? "collections";
  useLiveArtifacts(home);
  usePageTitle(name, t("registry.title"));
  // The address that the wandb client prints names the collection in a word of its own.
  const chosen = search.selectionPath?.split("/")[2];
  if (chosen) {
    const to = search.version
      ? versionHref(home, "-", chosen, search.version)
      : collectionHref(home, "-", chosen);
    return <Navigate to={to as "/"} replace />;
  }
  if (missing && !query.data) {
    return (
      <Blank icon="search" title={t("registry.notFound", { name })}>
        {t("registry.notFoundText")}
      </Blank>
    );
  }
  if (query.isPending) return <SkeletonRows rows={10} label={t("common.loading")} />;
  if (query.isError && !query.data) {
    return <Failure title={t("registry.error")} error={query.error} onRetry={query.refetch} />;
  }
  const registry = query.data;
  return (
    <Page>
      <PageHead
        title={
          <>
            <Icon name="registry" size={18} />
            <h1 className="truncate">{registry.name}</h1>
          </>
        }
        marks={
          <>
            <span className={styles.visible}>
              <Icon name={registry.visibility === "private" ? "lock" : "globe"} size={13} />
              {t(`registry.visible.${registry.visibility}`)}
            </span>
            {registry.any_type ? (
              <span>{t("registry.anyType")}</span>
            ) : (
              registry.types.map((type) => <Tag key={type}>{type}</Tag>)
            )}
            {registry.description && <span>{registry.description}</span>}
          </>
        }
      />
      <Tabs label={t("registry.tabs")}>
        {tabs.map((one) => (
          <Link
            key={one}
            to={artifactsHref(home) as "/"}
            search={(one === "collections" ? {} : { tab: one }) as Params}
            activeOptions={{ exact: true }}
            aria-current={one === tab ? "page" : undefined}
          >
            <Icon name={icons[one]} size={15} />
            {t(`registry.tab.${one}`)}
          </Link>
        ))}
      </Tabs>
      <PageBody>
        {tab === "collections" && <Collections home={home} registry={registry} />}
        {tab === "members" && <RegistryMembers org={org} name={name} />}
        {tab === "history" && <RegistryHistory org={org} name={name} />}
        {tab === "settings" && (
          <RegistrySettings key={registry.name} org={org} registry={registry} />
        )}
      </PageBody>
    </Page>
  );
}

function Collections({ home, registry }: { home: ArtifactHome; registry: Registry }) {
  const { t } = useTranslation();
  const [search, setSearch] = useParam("q");
  const [sort, setSort] = useParam("sort", "name");
  const [draft, setDraft] = useDraft(search, setSearch);
  const query = useInfiniteQuery(collectionsQuery(home, { type: "", tag: "", search, sort }));
  const items = useMemo(() => query.data?.pages.flatMap((page) => page.items) ?? [], [query.data]);
  const total = query.data?.pages[0]?.total ?? items.length;
  const body = () => {
    if (query.isPending) return <SkeletonRows label={t("common.loading")} />;
    if (query.isError) {
      return <Failure title={t("artifacts.error")} error={query.error} onRetry={query.refetch} />;
    }
    if (items.length === 0) {
      return search ? (
        <Blank icon="search" title={t("artifacts.noMatch")}>
          {t("artifacts.noMatchText")}
        </Blank>
      ) : (
        <Blank icon="registry" title={t("registry.noCollections")}>
          {t("registry.noCollectionsText", { name: registry.name })}
        </Blank>
      );
    }
    return (
      <CollectionTable
        home={home}
        items={items}
        total={total}
        sort={sort}
        onSort={setSort}
        hasMore={query.hasNextPage}
        loadMore={() => !query.isFetchingNextPage && void query.fetchNextPage()}
      />
    );
  };
  return (
    <>
      <Toolbar>
        <div data-search className={styles.search}>
          <SearchInput
            label={t("registry.searchCollections")}
            placeholder={t("registry.searchCollections")}
            value={draft}
            onValue={setDraft}
          />
        </div>
        <Grow />
        <span className="muted numeric" aria-live="polite">
          {query.isSuccess && t("registry.collections", { count: total })}
        </span>
      </Toolbar>
      {body()}
    </>
  );
}
