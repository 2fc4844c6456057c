import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { registryActionsQuery } from "@/api/registries";
import type { RegistryAction } from "@/api/types";
import { Failure } from "@/features/failure";
import { Moment } from "@/features/moment";
import { formatValue } from "@/lib/format";
import { Alias } from "@/ui/chip";
import { Card, Scroll } from "@/ui/page";
import { EmptyState, SkeletonRows } from "@/ui/states";
import styles from "./registry.module.css";

const known = [
  "registry.created",
  "registry.changed",
  "registry.deleted",
  "member.changed",
  "member.removed",
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

/** Who did what in the registry, the latest first. */
export function RegistryHistory({ org, name }: { org: string; name: string }) {
  const { t } = useTranslation();
  const query = useQuery(registryActionsQuery(org, name));
  if (query.isPending) return <SkeletonRows label={t("common.loading")} />;
  if (query.isError) {
    return <Failure title={t("registry.error")} error={query.error} onRetry={query.refetch} />;
  }
  return (
    <Scroll>
      <Card title={t("registry.tab.history")}>
        {query.data.length === 0 && (
          <EmptyState compact icon="clock" title={t("artifacts.noActions")} />
        )}
        <ul className={styles.actions}>
          {query.data.map((action) => (
            <li key={action.id}>
              <Moment at={action.at} />
              <Words action={action} />
              <span className="muted">{action.user ?? t("artifacts.nobody")}</span>
            </li>
          ))}
        </ul>
      </Card>
    </Scroll>
  );
}

function Words({ action }: { action: RegistryAction }) {
  const { t } = useTranslation();
  const found = known.find((one) => one === action.action);
  const text = found
    ? t(`registry.action.${found.replace(".", "_") as "alias_added"}`)
    : action.action;
  const { aliases, ...rest } = action.details;
  const facts = Object.entries(rest).filter(
    ([, value]) => typeof value !== "object" || Array.isArray(value),
  );
  return (
    <span className={styles.words}>
      <span>{text}</span>
      {Array.isArray(aliases) &&
        aliases.map((alias) => <Alias key={String(alias)}>{String(alias)}</Alias>)}
      {facts.map(([key, value]) => (
        <span key={key} className="muted">
          {key}: {Array.isArray(value) ? value.join(", ") : formatValue(value)}
        </span>
      ))}
    </span>
  );
}
