import { useQuery } from "@tanstack/react-query";
import { Navigate, useParams } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { callQuery } from "@/api/calls";
import { Failure } from "@/features/failure";
import { untilFound, useMissing } from "@/features/missing";
import { EmptyState, SkeletonRows } from "@/ui/states";

/** The address of a call, as programs print it: they may print it before the call has come. */
export function PrintedCall() {
  const { t } = useTranslation();
  const { entity, project, call } = useParams({ from: "/inside/$entity/$project/r/call/$call" });
  const found = useQuery({ ...callQuery(entity, project, call), refetchInterval: untilFound });
  const missing = useMissing(found, call);
  if (found.data) {
    return (
      <Navigate
        to="/$entity/$project/traces/$trace"
        params={{ entity, project, trace: found.data.trace_id }}
        search={{ call }}
        replace
      />
    );
  }
  if (missing) {
    return (
      <EmptyState icon="search" title={t("traces.notYet")}>
        {t("traces.notYetText")}
      </EmptyState>
    );
  }
  if (found.isError) {
    return <Failure title={t("traces.noCall")} error={found.error} onRetry={found.refetch} />;
  }
  return <SkeletonRows rows={8} label={t("common.loading")} />;
}
