import type { ErrorComponentProps } from "@tanstack/react-router";
import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { ApiError } from "@/api/http";
import { useMessageOf } from "@/features/failure";
import { Button, buttonClass } from "@/ui/button";
import { EmptyState, ErrorState, SkeletonRows } from "@/ui/states";

export function NotFoundPage() {
  const { t } = useTranslation();
  return (
    <EmptyState
      icon="search"
      title={t("notFound.title")}
      action={
        <Link to="/" className={buttonClass("primary")}>
          {t("notFound.home")}
        </Link>
      }
    >
      {t("notFound.text")}
    </EmptyState>
  );
}

export function PendingPage() {
  const { t } = useTranslation();
  return <SkeletonRows label={t("common.loading")} />;
}

/** A part of the application did not load: no connection, or a newer version on the server. */
function isMissingPart(error: unknown): boolean {
  const words = /dynamically imported module|preload CSS|module script/i;
  return error instanceof Error && words.test(error.message);
}

/** Shown in place of a page that broke; the rest stays usable. */
export function CrashPage({ error, reset }: ErrorComponentProps) {
  const { t } = useTranslation();
  const messageOf = useMessageOf();
  if (isMissingPart(error)) {
    return (
      <ErrorState
        title={t("crash.missing")}
        message={t("crash.missingText")}
        retryLabel={t("crash.reload")}
        onRetry={() => window.location.reload()}
      />
    );
  }
  if (error instanceof ApiError) {
    return (
      <ErrorState
        title={error.status === 0 ? t("shell.connection.offline") : t("crash.title")}
        message={messageOf(error)}
        hint={error.hint}
        retryLabel={t("common.retry")}
        onRetry={() => {
          reset();
          window.location.reload();
        }}
      />
    );
  }
  return (
    <EmptyState
      icon="warning"
      title={t("crash.title")}
      action={
        <Button variant="primary" onClick={() => window.location.reload()}>
          {t("crash.reload")}
        </Button>
      }
    >
      <p>{t("crash.text")}</p>
      <pre style={{ marginTop: 12, whiteSpace: "pre-wrap" }}>{messageOf(error)}</pre>
    </EmptyState>
  );
}
