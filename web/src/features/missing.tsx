import { useRef } from "react";
import { useTranslation } from "react-i18next";
import { ApiError } from "@/api/http";
import { EmptyState } from "@/ui/states";

const ASK_AGAIN_MS = 3000;

const isNotFound = (error: unknown) => error instanceof ApiError && error.status === 404;

/**
 * For a query's `refetchInterval`: asks for what is not there until it is, while the page is in
 * sight. A program prints the address of its run before the server has heard of it.
 */
export function untilFound(query: { state: { error: unknown } }): number | false {
  return isNotFound(query.state.error) ? ASK_AGAIN_MS : false;
}

/** Whether the server does not know something; remains so while it is asked again. */
export function useMissing(query: { error: unknown; isPending: boolean }, what: string): boolean {
  const missing = useRef<string | null>(null);
  if (isNotFound(query.error)) missing.current = what;
  else if (!query.isPending || missing.current !== what) missing.current = null;
  return missing.current === what;
}

/** Stands in for the pages of a project that is not there, or not yet. */
export function MissingProject({ entity, project }: { entity: string; project: string }) {
  const { t } = useTranslation();
  return (
    <EmptyState icon="search" title={t("projects.notFound", { name: `${entity}/${project}` })}>
      {t("projects.notFoundText")}
    </EmptyState>
  );
}
