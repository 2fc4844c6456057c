import { Link, useNavigate } from "@tanstack/react-router";
import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import type { ArtifactCollection } from "@/api/types";
import { Moment } from "@/features/moment";
import type { ArtifactHome } from "@/lib/artifact-links";
import { collectionHref } from "@/lib/artifact-links";
import { formatBytes } from "@/lib/format";
import { Alias, Tag } from "@/ui/chip";
import type { DataColumn } from "@/ui/data-table";
import { DataTable } from "@/ui/data-table";
import { Icon } from "@/ui/icon";
import styles from "./artifacts.module.css";

/** Artifacts by name, each with how its newest version stands. */
export function CollectionTable({
  home,
  items,
  total,
  sort,
  onSort,
  hasMore,
  loadMore,
}: {
  home: ArtifactHome;
  items: readonly ArtifactCollection[];
  total: number;
  sort: string;
  onSort: (sort: string) => void;
  hasMore: boolean;
  loadMore: () => void;
}) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const columns = useMemo(
    (): DataColumn<ArtifactCollection>[] => [
      {
        id: "name",
        label: t("artifacts.name"),
        width: 240,
        grow: true,
        sortable: true,
        cell: (item) => (
          <Link to={collectionHref(home, item.type, item.name) as "/"} className={styles.name}>
            <Icon name={item.kind === "portfolio" ? "link" : "box"} size={15} />
            <span className="truncate" title={item.name}>
              {item.name}
            </span>
          </Link>
        ),
      },
      {
        id: "type",
        label: t("artifacts.type"),
        width: 130,
        sortable: true,
        cell: (item) => <span className="truncate muted">{item.type}</span>,
      },
      {
        id: "newest",
        label: t("artifacts.newest"),
        width: 210,
        cell: (item) =>
          item.newest === null ? (
            <span className="muted">–</span>
          ) : (
            <>
              <span className={styles.index}>v{item.newest}</span>
              {item.newest_aliases.map((alias) => (
                <Alias key={alias}>{alias}</Alias>
              ))}
            </>
          ),
      },
      {
        id: "versions",
        label: t("artifacts.versions"),
        width: 100,
        numeric: true,
        cell: (item) => item.versions.toLocaleString(),
      },
      {
        id: "size",
        label: t("artifacts.size"),
        width: 100,
        numeric: true,
        cell: (item) => (item.newest_size === null ? "–" : formatBytes(item.newest_size)),
      },
      {
        id: "tags",
        label: t("artifacts.tags"),
        width: 170,
        cell: (item) => item.tags.map((tag) => <Tag key={tag}>{tag}</Tag>),
      },
      {
        id: "updated_at",
        label: t("artifacts.updated"),
        width: 140,
        sortable: true,
        cell: (item) => <Moment at={item.updated_at} />,
      },
    ],
    [home, t],
  );
  return (
    <DataTable
      label={t("artifacts.title")}
      rows={items}
      total={total}
      columns={columns}
      rowId={(item) => String(item.id)}
      onOpen={(item) => navigate({ to: collectionHref(home, item.type, item.name) as "/" })}
      sort={sort}
      onSort={onSort}
      sortHint={t("artifacts.sortHint")}
      hasMore={hasMore}
      loadMore={loadMore}
    />
  );
}
