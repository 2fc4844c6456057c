import { useTranslation } from "react-i18next";
import { ApiError } from "@/api/http";
import { ErrorState } from "@/ui/states";
import { toast } from "@/ui/toast";

/** What went wrong, in words for the user. */
export function useMessageOf(): (error: unknown) => string {
  const { t } = useTranslation();
  return (error) => {
    if (error instanceof ApiError && error.status === 0) return t("common.unreachable");
    return error instanceof Error ? error.message : String(error);
  };
}

export function Failure({
  title,
  error,
  onRetry,
  compact,
}: {
  title: string;
  error: unknown;
  onRetry?: () => void;
  compact?: boolean;
}) {
  const { t } = useTranslation();
  const messageOf = useMessageOf();
  return (
    <ErrorState
      title={title}
      message={messageOf(error)}
      hint={error instanceof ApiError ? error.hint : null}
      retryLabel={t("common.retry")}
      onRetry={onRetry}
      compact={compact}
    />
  );
}

/** Says in a corner that an action failed. */
export function useFailureToast(): (error: unknown) => void {
  const { t } = useTranslation();
  const messageOf = useMessageOf();
  return (error) => toast(t("common.failed", { message: messageOf(error) }), { bad: true });
}
