import { useInfiniteQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import type { EvaluationDetail } from "@/api/evaluations";
import { evaluationRowsQuery } from "@/api/evaluations";
import { useParam } from "@/features/url";
import type { MetricLike } from "@/lib/score";
import { Grow, Toolbar } from "@/ui/page";
import { RowDrawer } from "./row-drawer";
import { RowFilters } from "./row-filters";
import { RowTable } from "./row-table";

/** The rows of one evaluation. */
export function EvaluationRows({
  at,
  evaluation,
}: {
  at: { entity: string; project: string };
  evaluation: EvaluationDetail;
}) {
  const { t } = useTranslation();
  const [filter] = useParam("filter");
  const [search] = useParam("q");
  const [sort, setSort] = useParam("sort");
  const [open, setOpen] = useParam("row");
  const ids = useMemo(() => [evaluation.id], [evaluation.id]);
  const list = useInfiniteQuery(
    evaluationRowsQuery(at.entity, at.project, ids, { filter, search, only: "", sort }),
  );
  const metrics: readonly MetricLike[] = evaluation.metrics;
  return (
    <>
      <Toolbar>
        <RowFilters fields={fieldsOf(evaluation)} error={list.error} />
        <Grow />
        <span className="muted numeric" aria-live="polite">
          {list.data && t("objects.rowCount", { count: list.data.pages[0]?.total ?? 0 })}
        </span>
      </Toolbar>
      <RowTable
        home={at}
        list={list}
        names={[]}
        colors={["var(--accent)"]}
        metrics={metrics}
        sort={sort}
        onSort={setSort}
        onOpen={setOpen}
      />
      <RowDrawer
        at={at}
        evaluations={[{ id: evaluation.id, name: evaluation.name }]}
        metrics={metrics}
        row={open}
        onClose={() => setOpen("")}
      />
    </>
  );
}

export function fieldsOf(evaluation: EvaluationDetail): string[] {
  return [...evaluation.attributes, ...evaluation.metrics.map((metric) => metric.name), "status"];
}
