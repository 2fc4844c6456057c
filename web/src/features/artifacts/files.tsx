import { useInfiniteQuery } from "@tanstack/react-query";
import { useVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useMemo, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { entriesQuery, entryPath } from "@/api/artifacts";
import type { ArtifactEntry, ArtifactVersion } from "@/api/types";
import { Failure } from "@/features/failure";
import { useParam } from "@/features/url";
import type { TreeRow } from "@/lib/file-tree";
import { treeRows } from "@/lib/file-tree";
import { formatBytes } from "@/lib/format";
import { buttonClass } from "@/ui/button";
import { CopyButton } from "@/ui/copy";
import { SearchInput } from "@/ui/field";
import { Icon } from "@/ui/icon";
import { Blank } from "@/ui/page";
import { EmptyState, SkeletonRows } from "@/ui/states";
import { EntryPreview } from "./entry-preview";
import styles from "./files.module.css";
import { placeOf } from "./version-marks";

const ROW = 30;
/** So few files begin with every folder open. */
const OPEN_UP_TO = 60;

/** The files of a version as a tree, with a look into them. */
export function VersionFiles({ version }: { version: ArtifactVersion }) {
  const { t } = useTranslation();
  const at = placeOf(version);
  const [chosen, setChosen] = useParam("file");
  const [search, setSearch] = useState("");
  const query = useInfiniteQuery(entriesQuery(at));
  const entries = useMemo(
    () => query.data?.pages.flatMap((page) => page.items) ?? [],
    [query.data],
  );
  const total = query.data?.pages[0]?.total ?? 0;
  const words = search.trim().toLowerCase();
  const found = useMemo(
    () =>
      words === "" ? entries : entries.filter((one) => one.path.toLowerCase().includes(words)),
    [entries, words],
  );
  if (query.isPending) return <SkeletonRows label={t("common.loading")} />;
  if (query.isError) {
    return <Failure title={t("files.error")} error={query.error} onRetry={query.refetch} />;
  }
  if (total === 0) {
    return (
      <Blank icon="folder" title={t("files.empty")}>
        {t("artifacts.noFiles")}
      </Blank>
    );
  }
  const file = entries.find((one) => one.path === chosen);
  return (
    <div className={styles.files} data-chosen={file ? "" : undefined}>
      <div className={styles.side}>
        <div className={styles.head} data-search>
          <SearchInput
            label={t("files.search")}
            placeholder={t("files.search")}
            value={search}
            onValue={setSearch}
          />
          <span className="muted numeric" aria-live="polite">
            {words !== "" && !query.hasNextPage
              ? t("files.count", { count: found.length })
              : t("files.count", { count: total })}
          </span>
        </div>
        <Tree
          files={found}
          isSmall={total <= OPEN_UP_TO || words !== ""}
          chosen={chosen}
          onChoose={setChosen}
          hasMore={query.hasNextPage}
          isLoading={query.isFetchingNextPage}
          loadMore={query.fetchNextPage}
        />
        {found.length === 0 && !query.hasNextPage && (
          <p className={styles.nothing}>{t("files.noMatch")}</p>
        )}
      </div>
      <div className={styles.preview}>
        {file ? (
          <>
            <Head version={version} file={file} />
            <EntryPreview key={file.path} version={version} file={file} files={entries} />
          </>
        ) : (
          <EmptyState icon="file" title={t("files.pick")} />
        )}
      </div>
    </div>
  );
}

function Tree({
  files,
  isSmall,
  chosen,
  onChoose,
  hasMore,
  isLoading,
  loadMore,
}: {
  files: readonly ArtifactEntry[];
  /** Folders are open unless somebody closed them, and not the other way round. */
  isSmall: boolean;
  chosen: string;
  onChoose: (path: string) => void;
  hasMore: boolean;
  isLoading: boolean;
  loadMore: () => void;
}) {
  const { t } = useTranslation();
  const scroller = useRef<HTMLDivElement>(null);
  // The way to the file that the address names is open.
  const [turned, setTurned] = useState<ReadonlySet<string>>(
    () => new Set(isSmall ? [] : foldersOf(chosen)),
  );
  const rows = useMemo(
    () => treeRows(files, (folder) => turned.has(folder) !== isSmall),
    [files, turned, isSmall],
  );
  const [at, setAt] = useState(0);
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW,
    overscan: 20,
  });
  const items = virtual.getVirtualItems();
  const last = items.at(-1)?.index ?? 0;
  useEffect(() => {
    if (hasMore && !isLoading && last >= rows.length - 40) loadMore();
  }, [hasMore, isLoading, last, rows.length, loadMore]);

  const toggle = (folder: string) => {
    const next = new Set(turned);
    if (!next.delete(folder)) next.add(folder);
    setTurned(next);
  };
  const isOpen = (folder: string) => turned.has(folder) !== isSmall;
  const go = (index: number) => {
    const next = Math.max(0, Math.min(rows.length - 1, index));
    setAt(next);
    virtual.scrollToIndex(next);
  };
  const press = (event: React.KeyboardEvent) => {
    const row = rows[at];
    if (event.key === "ArrowDown") go(at + 1);
    else if (event.key === "ArrowUp") go(at - 1);
    else if (event.key === "Home") go(0);
    else if (event.key === "End") go(rows.length - 1);
    else if (!row) return;
    else if (event.key === "Enter" || event.key === " ") {
      if (row.kind === "folder") toggle(row.path);
      else onChoose(row.path);
    } else if (event.key === "ArrowRight" && row.kind === "folder" && !isOpen(row.path)) {
      toggle(row.path);
    } else if (event.key === "ArrowLeft") {
      if (row.kind === "folder" && isOpen(row.path)) toggle(row.path);
      else {
        const parent = row.path.slice(0, Math.max(0, row.path.lastIndexOf("/")));
        const index = rows.findIndex((one) => one.kind === "folder" && one.path === parent);
        if (index >= 0) go(index);
      }
    } else return;
    event.preventDefault();
  };
  const active = rows[at];
  return (
    <div
      ref={scroller}
      className={styles.tree}
      role="tree"
      tabIndex={0}
      aria-label={t("artifacts.files")}
      aria-activedescendant={active ? rowId(active) : undefined}
      onKeyDown={press}
    >
      <div style={{ height: virtual.getTotalSize(), position: "relative" }} role="none">
        {items.map((item) => {
          const row = rows[item.index];
          if (!row) return null;
          return (
            // biome-ignore lint/a11y/useKeyWithClickEvents: the tree has the keys
            // biome-ignore lint/a11y/useFocusableInteractive: the tree has the focus
            <div
              key={row.path}
              id={rowId(row)}
              role="treeitem"
              aria-level={row.depth + 1}
              aria-expanded={row.kind === "folder" ? isOpen(row.path) : undefined}
              aria-selected={row.path === chosen}
              className={styles.row}
              data-at={item.index === at || undefined}
              style={
                {
                  transform: `translateY(${item.start}px)`,
                  "--depth": row.depth,
                } as React.CSSProperties
              }
              onClick={() => {
                setAt(item.index);
                if (row.kind === "folder") toggle(row.path);
                else onChoose(row.path);
              }}
            >
              <RowFace row={row} isOpen={isOpen(row.path)} />
            </div>
          );
        })}
      </div>
    </div>
  );
}

const rowId = (row: TreeRow<ArtifactEntry>) => `file-${row.kind}-${encodeURIComponent(row.path)}`;

function foldersOf(path: string): string[] {
  const parts = path.split("/").slice(0, -1);
  return parts.map((_, at) => parts.slice(0, at + 1).join("/"));
}

function RowFace({ row, isOpen }: { row: TreeRow<ArtifactEntry>; isOpen: boolean }) {
  const size = row.kind === "folder" ? row.size : row.file.size;
  const reference = row.kind === "file" && row.file.reference;
  return (
    <>
      {row.kind === "folder" ? (
        <Icon name={isOpen ? "chevronDown" : "chevronRight"} size={12} />
      ) : (
        <span className={styles.gap} />
      )}
      <Icon name={row.kind === "folder" ? "folder" : reference ? "external" : "file"} size={14} />
      <span className="truncate" title={row.path}>
        {row.name}
      </span>
      <span className={styles.size}>
        {row.kind === "folder" && `${row.files.toLocaleString()} · `}
        {size < 0 ? "–" : formatBytes(size)}
      </span>
    </>
  );
}

function Head({ version, file }: { version: ArtifactVersion; file: ArtifactEntry }) {
  const { t } = useTranslation();
  return (
    <header className={styles.fileHead}>
      <div className={styles.fileName}>
        <h2 className="truncate" title={file.path}>
          {file.path}
        </h2>
        <span className="muted numeric">{file.size < 0 ? "–" : formatBytes(file.size)}</span>
        <span className={styles.digest}>
          <code className="truncate muted" title={file.digest}>
            {file.digest}
          </code>
          <CopyButton
            text={file.digest}
            label={t("artifacts.copyDigest")}
            done={t("common.copied")}
          />
        </span>
      </div>
      {file.reference === null && (
        <a
          className={buttonClass("default", "s")}
          href={entryPath(placeOf(version), file.path)}
          download={file.path.split("/").at(-1)}
        >
          <Icon name="download" size={14} />
          {t("common.download")}
        </a>
      )}
    </header>
  );
}
