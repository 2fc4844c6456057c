import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { lazy, Suspense, useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { runQuery } from "@/api/runs";
import type { Run } from "@/api/types";
import { Failure } from "@/features/failure";
import { runColor } from "@/lib/colors";
import type { PanelOptions } from "@/lib/workspace-layout";
import { SkeletonRows } from "@/ui/states";
import { useTheme } from "@/ui/use-theme";
import { RunPick, useBaseRun } from "./pick-run";
import styles from "./run.module.css";

const Comparer = lazy(() => import("@/features/panels/comparer"));

/** The run beside a baseline: where they differ in settings, results and environment. */
export function RunComparison({ run }: { run: Run }) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const theme = useTheme();
  const [chosen, choose] = useBaseRun();
  const [options, setOptions] = useState<PanelOptions>({});
  const { entity, project } = run;
  const other = useQuery({ ...runQuery(entity, project, chosen ?? ""), enabled: chosen !== null });
  const scope = useMemo(() => {
    const runs = other.data ? [other.data, run] : [];
    return {
      entity,
      project,
      stream: "history" as const,
      runs: runs.map((each) => ({
        id: each.id,
        label: each.display_name,
        color: runColor(each.number, theme),
        metrics: each.metrics,
        run: each,
        baseline: each.id === chosen,
      })),
    };
  }, [entity, project, run, other.data, chosen, theme]);
  return (
    <section className={styles.card} aria-label={t("run.compare")}>
      <header className={styles.cardHead}>
        <h2>{t("run.compare")}</h2>
        <span className={styles.grow} />
        <RunPick run={run} chosen={chosen} onChoose={choose} />
      </header>
      {chosen !== null && other.isError && (
        <Failure compact title={t("run.error")} error={other.error} onRetry={other.refetch} />
      )}
      {chosen !== null && other.data && (
        <div className={styles.comparison}>
          <Suspense fallback={<SkeletonRows rows={4} label={t("common.loading")} />}>
            <Comparer
              panel={{
                id: "comparison",
                title: "",
                keys: [],
                kind: "comparer",
                section: "",
                settings: {},
                options,
                columns: 1,
                height: null,
                added: true,
              }}
              scope={scope}
              large
              onOptions={setOptions}
              onOpenRun={(id) =>
                navigate({
                  to: "/$entity/$project/runs/$run",
                  params: { entity, project, run: id },
                })
              }
            />
          </Suspense>
        </div>
      )}
    </section>
  );
}
