import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import type { CollectionSearch } from "@/api/artifacts";
import { collectionsQuery, typesQuery } from "@/api/artifacts";
import { projectQuery } from "@/api/projects";
import type { ArtifactCollection } from "@/api/types";
import { Failure } from "@/features/failure";
import { MissingProject, useMissing } from "@/features/missing";
import { usePageTitle } from "@/features/title";
import { useParam } from "@/features/url";
import { artifactsHref } from "@/lib/artifact-links";
import type { Params } from "@/lib/view";
import { SearchInput, Select } from "@/ui/field";
import { Icon } from "@/ui/icon";
import { Blank, Grow, Page, Toolbar } from "@/ui/page";
import { SkeletonRows } from "@/ui/states";
import { useDraft } from "@/ui/use-debounced";
import { useNarrow } from "@/ui/use-media";
import styles from "./artifacts.module.css";
import { CollectionTable } from "./collection-table";
import { FirstArtifact } from "./first-artifact";
import { useHome } from "./home";
import { useLiveArtifacts } from "./live";

const collator = new Intl.Collator(undefined, { numeric: true });

/** The artifacts of a project by type, name and tag. */
export function ArtifactsPage() {
  const { t } = useTranslation();
  const home = useHome();
  const { type = "" } = useParams({ strict: false }) as { type?: string };
  const [search, setSearch] = useParam("q");
  const [tag, setTag] = useParam("tag");
  const [sort, setSort] = useParam("sort", "-updated_at");
  const [draft, setDraft] = useDraft(search, setSearch);
  const narrow = useNarrow();
  const info = useQuery(projectQuery(home.entity, home.project));
  const missing = useMissing(info, `${home.entity}/${home.project}`);
  const types = useQuery(typesQuery(home));
  const asked: CollectionSearch = { type, search, tag, sort };
  const found = useInfiniteQuery(collectionsQuery(home, asked));
  useLiveArtifacts(home);
  usePageTitle(t("artifacts.title"), home.project);
  const items = useMemo(() => found.data?.pages.flatMap((page) => page.items) ?? [], [found.data]);
  const total = found.data?.pages[0]?.total ?? items.length;
  const tags = useMemo(() => tagsOf(items, tag), [items, tag]);

  if (missing) return <MissingProject entity={home.entity} project={home.project} />;
  const narrowed = type !== "" || search !== "" || tag !== "";
  if (found.isSuccess && items.length === 0 && !narrowed) {
    return <FirstArtifact project={home.project} />;
  }
  const body = () => {
    if (found.isPending) return <SkeletonRows rows={12} label={t("common.loading")} />;
    if (found.isError) {
      return <Failure title={t("artifacts.error")} error={found.error} onRetry={found.refetch} />;
    }
    if (items.length === 0) {
      return (
        <Blank icon="search" title={t("artifacts.noMatch")}>
          {t("artifacts.noMatchText")}
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
        hasMore={found.hasNextPage}
        loadMore={() => !found.isFetchingNextPage && void found.fetchNextPage()}
      />
    );
  };
  const names = (types.data ?? []).map((one) => one.name);
  return (
    <div className={styles.browser}>
      {!narrow && (
        <nav className={styles.facets} aria-label={t("artifacts.facets")}>
          <h2>{t("artifacts.type")}</h2>
          <TypeLinks home={artifactsHref(home)} types={names} current={type} />
          {tags.length > 0 && (
            <>
              <h2>{t("artifacts.tags")}</h2>
              <div className={styles.tagFacets}>
                {tags.map((name) => (
                  <button
                    key={name}
                    type="button"
                    aria-pressed={name === tag}
                    onClick={() => setTag(name === tag ? "" : name)}
                  >
                    <Icon name="tag" size={12} />
                    <span className="truncate">{name}</span>
                  </button>
                ))}
              </div>
            </>
          )}
        </nav>
      )}
      <Page>
        <Toolbar>
          <div data-search className={styles.search}>
            <SearchInput
              label={t("artifacts.search")}
              placeholder={t("artifacts.search")}
              value={draft}
              onValue={setDraft}
            />
          </div>
          {narrow && <TypeSelect types={names} current={type} home={artifactsHref(home)} />}
          <Grow />
          <span className="muted numeric" aria-live="polite">
            {found.isSuccess && t("artifacts.total", { count: total })}
          </span>
        </Toolbar>
        {body()}
      </Page>
    </div>
  );
}

function tagsOf(items: readonly ArtifactCollection[], chosen: string): string[] {
  const tags = new Set(items.flatMap((item) => item.tags));
  if (chosen) tags.add(chosen);
  return [...tags].sort(collator.compare).slice(0, 60);
}

interface TypesProps {
  home: string;
  types: readonly string[];
  current: string;
}

const typeHref = (home: string, type: string) =>
  type === "" ? home : `${home}/${encodeURIComponent(type)}`;

function TypeLinks({ home, types, current }: TypesProps) {
  const { t } = useTranslation();
  const kept = useSearch({ strict: false }) as Params;
  return (
    <ul>
      {["", ...types].map((name) => (
        <li key={name}>
          <Link
            to={typeHref(home, name) as "/"}
            search={kept}
            activeOptions={{ exact: true }}
            aria-current={name === current ? "page" : undefined}
          >
            <Icon name={name === "" ? "projects" : "box"} size={14} />
            <span className="truncate">{name || t("artifacts.allTypes")}</span>
          </Link>
        </li>
      ))}
    </ul>
  );
}

function TypeSelect({ home, types, current }: TypesProps) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  return (
    <Select
      label={t("artifacts.type")}
      value={current}
      onChange={(event) => navigate({ to: typeHref(home, event.target.value) as "/" })}
    >
      <option value="">{t("artifacts.allTypes")}</option>
      {types.map((name) => (
        <option key={name}>{name}</option>
      ))}
    </Select>
  );
}
