import { useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { lazy, Suspense, useId, useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { paletteRunsQuery, runQuery } from "@/api/runs";
import type { Run } from "@/api/types";
import { Failure } from "@/features/failure";
import { runColor } from "@/lib/colors";
import { combineFilter } from "@/lib/filter";
import type { Params } from "@/lib/view";
import type { PanelOptions } from "@/lib/workspace-layout";
import { Button } from "@/ui/button";
import { Input } from "@/ui/field";
import { SkeletonRows } from "@/ui/states";
import { useDebounced } from "@/ui/use-debounced";
import { useTheme } from "@/ui/use-theme";
import styles from "./run.module.css";

const Comparer = lazy(() => import("@/features/panels/comparer"));

/** The run beside a baseline: where they differ in settings, results and environment. */
export function RunComparison({ run }: { run: Run }) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const theme = useTheme();
  const list = useId();
  const chosen = (useSearch({ strict: false }) as Params).base ?? null;
  const [text, setText] = useState("");
  const [options, setOptions] = useState<PanelOptions>({});
  const asked = useDebounced(text, 200);
  const { entity, project } = run;
  const found = useQuery({
    ...paletteRunsQuery(
      entity,
      project,
      combineFilter({ search: asked, regex: false, filter: "" }),
    ),
    enabled: asked !== "",
  });
  const other = useQuery({ ...runQuery(entity, project, chosen ?? ""), enabled: chosen !== null });
  const choose = (id: string | null) =>
    navigate({
      to: ".",
      replace: true,
      search: (old) => {
        const { base: _, ...rest } = old as Params;
        return id === null ? rest : { ...rest, base: id };
      },
    });
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
        {chosen === null ? (
          <form
            className={styles.compareForm}
            onSubmit={(event) => {
              event.preventDefault();
              const named = found.data?.items.find((each) => each.display_name === text);
              const id = named?.id ?? found.data?.items[0]?.id;
              if (id && id !== run.id) choose(id);
            }}
          >
            <Input
              aria-label={t("run.compareWith")}
              placeholder={t("run.compareWith")}
              list={list}
              value={text}
              onChange={(event) => setText(event.target.value)}
            />
            <datalist id={list}>
              {(found.data?.items ?? [])
                .filter((each) => each.id !== run.id)
                .map((each) => (
                  <option key={each.id} value={each.display_name} />
                ))}
            </datalist>
            <Button size="s" type="submit" disabled={(found.data?.items.length ?? 0) === 0}>
              {t("bulk.compare")}
            </Button>
          </form>
        ) : (
          <Button size="s" icon="close" onClick={() => choose(null)}>
            {t("table.noBaseline")}
          </Button>
        )}
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
