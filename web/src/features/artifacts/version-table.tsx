import { useInfiniteQuery } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import type { CollectionAt } from "@/api/artifacts";
import { versionsQuery } from "@/api/artifacts";
import { ApiError } from "@/api/http";
import type { ArtifactCollection, ArtifactVersion } from "@/api/types";
import { Failure } from "@/features/failure";
import { Moment } from "@/features/moment";
import { useParam } from "@/features/url";
import type { ArtifactHome } from "@/lib/artifact-links";
import { collectionHref, runHref, versionHref } from "@/lib/artifact-links";
import { flatten, valueAt } from "@/lib/flatten";
import { formatBytes, formatValue } from "@/lib/format";
import type { Params } from "@/lib/view";
import { Button } from "@/ui/button";
import { Alias, Tag } from "@/ui/chip";
import type { DataColumn } from "@/ui/data-table";
import { DataTable } from "@/ui/data-table";
import { Checkbox, SearchInput } from "@/ui/field";
import { Popover } from "@/ui/menu";
import { Blank, Grow, Toolbar } from "@/ui/page";
import { SkeletonRows } from "@/ui/states";
import { useDraft } from "@/ui/use-debounced";
import styles from "./collection.module.css";
import { useProtected } from "./protected";
import { VersionDrawer } from "./version-drawer";

/** Metadata that is shown without being asked for. */
const USUAL_KEYS = 3;

/** Names of the metadata of versions, in the order in which they are met. */
export function metadataKeys(versions: readonly ArtifactVersion[]): string[] {
  const keys = new Set<string>();
  for (const version of versions) {
    for (const [key] of flatten(version.metadata)) keys.add(key);
  }
  return [...keys];
}

const isScalar = (value: unknown) => value === null || typeof value !== "object";

/** Numbers say most in a narrow column. */
function usualKeys(versions: readonly ArtifactVersion[], keys: readonly string[]): string[] {
  const newest = versions[0]?.metadata;
  const numeric = (key: string) => typeof valueAt(newest, key) === "number";
  const ordered = [...keys.filter(numeric), ...keys.filter((key) => !numeric(key))];
  return ordered.filter((key) => isScalar(valueAt(newest, key))).slice(0, USUAL_KEYS);
}

/** A dash stands for no column at all. */
const readKeys = (text: string) => (text === "-" ? [] : text.split(",").map(decodeURIComponent));
const writeKeys = (keys: readonly string[]) => keys.map(encodeURIComponent).join(",") || "-";

/** The versions of a collection, the newest first. */
export function VersionTable({
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
  const [filter, setFilter] = useParam("filter");
  const [open, setOpen] = useParam("open");
  const [chosen, setChosen] = useParam("columns");
  const [draft, setDraft] = useDraft(filter, setFilter, 400);
  const [checked, setChecked] = useState<readonly number[]>([]);
  const versions = useInfiniteQuery(versionsQuery(at, filter));
  const guarded = useProtected(home);
  const items = useMemo(
    () => versions.data?.pages.flatMap((page) => page.items) ?? [],
    [versions.data],
  );
  const total = versions.data?.pages[0]?.total ?? items.length;
  const keys = useMemo(() => metadataKeys(items), [items]);
  const shown = useMemo(
    () => (chosen === "" ? usualKeys(items, keys) : readKeys(chosen)),
    [chosen, items, keys],
  );
  const refused =
    versions.error instanceof ApiError && [400, 422].includes(versions.error.status)
      ? versions.error
      : null;
  const columns = useMemo((): DataColumn<ArtifactVersion>[] => {
    const usual: DataColumn<ArtifactVersion>[] = [
      {
        id: "version",
        label: t("artifacts.version"),
        width: 210,
        grow: true,
        cell: (item) => (
          <>
            <Link
              to={versionHref(home, item.type, item.collection, item.index) as "/"}
              className={styles.version}
            >
              v{item.index}
            </Link>
            {item.aliases.map((alias) => (
              <Alias key={alias} locked={guarded(alias)}>
                {alias}
              </Alias>
            ))}
          </>
        ),
      },
      {
        id: "tags",
        label: t("artifacts.tags"),
        width: 140,
        cell: (item) => item.tags.map((tag) => <Tag key={tag}>{tag}</Tag>),
      },
      {
        id: "size",
        label: t("artifacts.size"),
        width: 96,
        numeric: true,
        cell: (item) => formatBytes(item.size),
      },
      {
        id: "files",
        label: t("artifacts.files"),
        width: 80,
        numeric: true,
        cell: (item) => item.file_count.toLocaleString(),
      },
      {
        id: "created",
        label: t("artifacts.created"),
        width: 130,
        cell: (item) => <Moment at={item.committed_at ?? item.created_at} />,
      },
      {
        id: "run",
        label: t("artifacts.byRun"),
        width: 150,
        cell: ({ made_by: by }) =>
          by ? (
            <Link to={runHref(by.entity, by.project, by.run) as "/"} className="truncate">
              {by.title}
            </Link>
          ) : (
            <span className="muted">–</span>
          ),
      },
    ];
    const metadata = shown.map(
      (key): DataColumn<ArtifactVersion> => ({
        id: `metadata.${key}`,
        label: key,
        width: Math.min(200, Math.max(90, 34 + 7.5 * key.length)),
        numeric: items.some((item) => typeof valueAt(item.metadata, key) === "number"),
        cell: (item) => {
          const text = formatValue(valueAt(item.metadata, key));
          return (
            <span className="truncate" title={text}>
              {text}
            </span>
          );
        },
      }),
    );
    return [...usual.slice(0, 4), ...metadata, ...usual.slice(4)];
  }, [home, shown, items, guarded, t]);

  const toggle = (index: number) =>
    setChecked(
      checked.includes(index)
        ? checked.filter((other) => other !== index)
        : [...checked, index].slice(-2),
    );
  const compare = () => {
    const [a = 0, b = 0] = [...checked].sort((x, y) => x - y);
    const search: Params = { tab: "compare", a: `v${a}`, b: `v${b}` };
    navigate({ to: collectionHref(home, collection.type, collection.name) as "/", search });
  };
  const body = () => {
    if (versions.isPending) return <SkeletonRows rows={10} label={t("common.loading")} />;
    if (versions.isError && !refused) {
      return (
        <Failure title={t("artifacts.error")} error={versions.error} onRetry={versions.refetch} />
      );
    }
    if (items.length === 0) {
      return (
        <Blank icon="search" title={filter ? t("artifacts.noVersion") : t("artifacts.noVersions")}>
          {refused ? null : filter ? t("artifacts.noMatchText") : t("artifacts.noVersionsText")}
        </Blank>
      );
    }
    return (
      <DataTable
        label={t("artifacts.versions")}
        rows={items}
        total={total}
        columns={columns}
        rowId={(item) => String(item.index)}
        onOpen={(item) => setOpen(`v${item.index}`)}
        check={(item) => (
          <Checkbox
            aria-label={t("artifacts.pickVersion", { version: `v${item.index}` })}
            checked={checked.includes(item.index)}
            onChecked={() => toggle(item.index)}
          />
        )}
        hasMore={versions.hasNextPage}
        loadMore={() => !versions.isFetchingNextPage && void versions.fetchNextPage()}
      />
    );
  };
  return (
    <>
      <Toolbar>
        <div data-search className={styles.filter}>
          <SearchInput
            icon="filter"
            label={t("artifacts.filter")}
            placeholder={t("artifacts.filterPlaceholder")}
            value={draft}
            invalid={refused !== null}
            onValue={setDraft}
          />
        </div>
        <Grow />
        <span className="muted numeric" aria-live="polite">
          {versions.isSuccess && t("artifacts.versionCount", { count: total })}
        </span>
        {keys.length > 0 && (
          <MetadataColumns
            keys={keys}
            shown={shown}
            onShown={(next) => setChosen(writeKeys(next))}
          />
        )}
        <Button
          icon="compare"
          disabled={checked.length !== 2}
          title={checked.length === 2 ? undefined : t("artifacts.compareHint")}
          onClick={compare}
        >
          {t("artifacts.compare")}
        </Button>
        {refused && (
          <p role="alert" className={styles.problem} style={{ color: "var(--danger)" }}>
            {refused.message} {refused.hint}
          </p>
        )}
      </Toolbar>
      {body()}
      <VersionDrawer home={home} at={at} version={open} onClose={() => setOpen("")} />
    </>
  );
}

function MetadataColumns({
  keys,
  shown,
  onShown,
}: {
  keys: readonly string[];
  shown: readonly string[];
  onShown: (keys: string[]) => void;
}) {
  const { t } = useTranslation();
  const [search, setSearch] = useState("");
  const words = search.toLowerCase();
  return (
    <Popover align="end" width={280} trigger={<Button icon="columns">{t("table.columns")}</Button>}>
      <SearchInput
        label={t("table.searchColumns")}
        placeholder={t("table.searchColumns")}
        value={search}
        onValue={setSearch}
      />
      <div className={styles.choices}>
        {keys
          .filter((key) => key.toLowerCase().includes(words))
          .slice(0, 200)
          .map((key) => (
            <Checkbox
              key={key}
              checked={shown.includes(key)}
              onChecked={(on) =>
                onShown(on ? [...shown, key] : shown.filter((other) => other !== key))
              }
            >
              <span className="truncate">{key}</span>
            </Checkbox>
          ))}
      </div>
    </Popover>
  );
}
