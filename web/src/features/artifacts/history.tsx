import { useInfiniteQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import type { CollectionAt } from "@/api/artifacts";
import { actionsQuery, versionsQuery } from "@/api/artifacts";
import type { ArtifactAction, ArtifactCollection } from "@/api/types";
import { Failure } from "@/features/failure";
import { Moment } from "@/features/moment";
import type { ArtifactHome } from "@/lib/artifact-links";
import { versionHref } from "@/lib/artifact-links";
import { Button } from "@/ui/button";
import { Alias } from "@/ui/chip";
import { Card, Scroll } from "@/ui/page";
import { EmptyState, SkeletonRows } from "@/ui/states";
import styles from "./collection.module.css";

const actions = [
  "artifact.committed",
  "artifact.changed",
  "artifact.deleted",
  "artifact.used",
  "alias.added",
  "alias.removed",
  "link.added",
  "link.removed",
  "collection.changed",
  "collection.deleted",
] as const;

/** Words for what somebody did. */
function useActionWords(): (action: string) => string {
  const { t } = useTranslation();
  return (action) => {
    const known = actions.find((one) => one === action);
    return known ? t(`artifacts.action.${known.replace(".", "_") as "alias_added"}`) : action;
  };
}

/** Who did what to an artifact, the latest first. */
export function CollectionHistory({
  home,
  at,
  collection,
}: {
  home: ArtifactHome;
  at: CollectionAt;
  collection: ArtifactCollection;
}) {
  const { t } = useTranslation();
  const words = useActionWords();
  const query = useInfiniteQuery(actionsQuery(at));
  const versions = useInfiniteQuery(versionsQuery(at));
  const items = query.data?.pages.flat() ?? [];
  const indexes = useMemo(
    () =>
      new Map(versions.data?.pages.flatMap((page) => page.items.map((one) => [one.id, one.index]))),
    [versions.data],
  );
  if (query.isPending) return <SkeletonRows label={t("common.loading")} />;
  if (query.isError) {
    return <Failure title={t("artifacts.error")} error={query.error} onRetry={query.refetch} />;
  }
  const version = (action: ArtifactAction) => {
    if (action.version === null) return null;
    const index = indexes.get(action.version);
    if (index === undefined) return <span className="muted">{t("artifacts.goneVersion")}</span>;
    const to = versionHref(home, collection.type, collection.name, index);
    return <Link to={to as "/"}>v{index}</Link>;
  };
  return (
    <Scroll>
      <Card title={t("artifacts.tab.history")}>
        {items.length === 0 && <EmptyState compact icon="clock" title={t("artifacts.noActions")} />}
        <ul className={styles.actions}>
          {items.map((action) => (
            <li key={action.id}>
              <Moment at={action.at} />
              <span>
                {words(action.action)} {version(action)} <Details details={action.details} />
              </span>
              <span className="muted">{action.user ?? t("artifacts.nobody")}</span>
            </li>
          ))}
        </ul>
        {query.hasNextPage && (
          <Button busy={query.isFetchingNextPage} onClick={() => query.fetchNextPage()}>
            {t("artifacts.olderActions")}
          </Button>
        )}
      </Card>
    </Scroll>
  );
}

function Details({ details }: { details: Record<string, unknown> }) {
  const { aliases } = details;
  if (!Array.isArray(aliases)) return null;
  return aliases.map((alias) => (
    <span key={String(alias)}>
      <Alias>{String(alias)}</Alias>{" "}
    </span>
  ));
}
