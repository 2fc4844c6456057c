import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import { useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import type { Comparison } from "@/api/evaluations";
import { comparisonQuery, evaluationListQuery, evaluationRowsQuery } from "@/api/evaluations";
import { Failure } from "@/features/failure";
import { usePageTitle } from "@/features/title";
import { useParam } from "@/features/url";
import { useViewState } from "@/features/views/use-view-state";
import { ViewBar } from "@/features/views/view-bar";
import { paletteOf } from "@/lib/colors";
import { fieldOf, letterOf } from "@/lib/score";
import { Button, buttonClass, IconButton } from "@/ui/button";
import { Checkbox, SearchInput, Segmented, Select } from "@/ui/field";
import { Popover } from "@/ui/menu";
import { Blank, Grow, Page, PageBody, Scroll, Toolbar } from "@/ui/page";
import { Notice, SkeletonRows } from "@/ui/states";
import { useTheme } from "@/ui/use-theme";
import { Charts } from "./charts";
import styles from "./evaluations.module.css";
import { useLiveEvaluations } from "./live";
import { nameOfRef } from "./parts";
import { RowDrawer } from "./row-drawer";
import { RowFilters } from "./row-filters";
import { RowTable } from "./row-table";
import { Summary } from "./summary";
import { useBrush } from "./use-brush";

const MOST = 10;
const names = ["e", "tab", "metric", "x", "y", "only", "filter", "q", "sort", "brush", "diff"];
const noLayout = () => null;

/** Evaluations side by side: the first is what the others are measured by. */
export function ComparisonPage() {
  const { t } = useTranslation();
  const { entity, project } = useParams({ from: "/inside/$entity/$project/comparison" });
  const at = { entity, project };
  const [chosen, setChosen] = useParam("e");
  const [tab, setTab] = useParam("tab", "summary");
  const ids = useMemo(() => (chosen === "" ? [] : chosen.split(",")), [chosen]);
  const views = useViewState<null>({ ...at, kind: "comparison", names, read: noLayout });
  const found = useQuery(comparisonQuery(entity, project, ids));
  const theme = useTheme();
  const colors = paletteOf(theme);
  useLiveEvaluations(entity, project);
  usePageTitle(t("evaluations.comparison"), project);
  const body = () => {
    if (ids.length === 0) {
      return (
        <Blank
          icon="compare"
          title={t("evaluations.chooseTitle")}
          action={
            <Link to="/$entity/$project/evaluations" params={at} className={buttonClass("primary")}>
              {t("evaluations.title")}
            </Link>
          }
        >
          {t("evaluations.chooseText")}
        </Blank>
      );
    }
    if (found.isPending) return <SkeletonRows rows={10} label={t("common.loading")} />;
    if (found.isError) {
      return <Failure title={t("evaluations.error")} error={found.error} onRetry={found.refetch} />;
    }
    return tab === "rows" ? (
      <Rows at={at} ids={ids} comparison={found.data} colors={colors} />
    ) : (
      <Scroll wide>
        <Warnings comparison={found.data} />
        <Summary comparison={found.data} colors={colors} />
      </Scroll>
    );
  };
  return (
    <Page>
      <h1 className="visually-hidden">{t("evaluations.comparison")}</h1>
      <Toolbar>
        <ViewBar of={views} />
        <Segmented
          label={t("evaluations.parts")}
          value={tab === "rows" ? "rows" : "summary"}
          options={[
            { value: "summary", label: t("evaluations.tab.summary") },
            { value: "rows", label: t("evaluations.tab.rows") },
          ]}
          onValue={setTab}
        />
        <Grow />
        {found.data && (
          <span className="muted numeric">
            {t("evaluations.shared", {
              count: found.data.shared_rows,
              all: found.data.union_rows,
            })}
          </span>
        )}
      </Toolbar>
      <Bar at={at} ids={ids} comparison={found.data} colors={colors} onIds={setChosen} />
      <PageBody>{body()}</PageBody>
    </Page>
  );
}

/** The compared evaluations in their order; it begins with the baseline. */
function Bar({
  at,
  ids,
  comparison,
  colors,
  onIds,
}: {
  at: { entity: string; project: string };
  ids: readonly string[];
  comparison: Comparison | undefined;
  colors: readonly string[];
  onIds: (ids: string) => void;
}) {
  const { t } = useTranslation();
  const put = (next: readonly string[]) => onIds(next.join(","));
  const moved = (from: number, to: number) => {
    const next = [...ids];
    const [one] = next.splice(from, 1);
    if (one) next.splice(to, 0, one);
    put(next);
  };
  return (
    <ol className={styles.bar} aria-label={t("evaluations.compared")}>
      {ids.map((id, index) => {
        const one = comparison?.evaluations.find((each) => each.id === id);
        return (
          <li
            key={id}
            draggable
            onDragStart={(event) => event.dataTransfer.setData("text/evaluation", String(index))}
            onDragOver={(event) => event.preventDefault()}
            onDrop={(event) => {
              event.preventDefault();
              const from = Number(event.dataTransfer.getData("text/evaluation"));
              if (from !== index) moved(from, index);
            }}
          >
            <span className={styles.letter} style={{ background: colors[index] }}>
              {letterOf(index)}
            </span>
            <span className={styles.barText}>
              <Link
                to="/$entity/$project/evaluations/$evaluation"
                params={{ ...at, evaluation: id }}
                className="truncate"
                title={one?.name ?? id}
              >
                {one?.name ?? id}
              </Link>
              <small className="truncate">
                {index === 0 ? `${t("evaluations.baseline")} · ` : ""}
                {nameOfRef(one?.model ?? null)}
              </small>
            </span>
            <IconButton
              icon="pin"
              size="s"
              label={t("evaluations.makeBaseline", { name: one?.name ?? id })}
              disabled={index === 0}
              onClick={() => moved(index, 0)}
            />
            <IconButton
              icon="chevronLeft"
              size="s"
              label={t("evaluations.moveLeft", { name: one?.name ?? id })}
              disabled={index === 0}
              onClick={() => moved(index, index - 1)}
            />
            <IconButton
              icon="chevronRight"
              size="s"
              label={t("evaluations.moveRight", { name: one?.name ?? id })}
              disabled={index === ids.length - 1}
              onClick={() => moved(index, index + 1)}
            />
            <IconButton
              icon="close"
              size="s"
              label={t("evaluations.remove", { name: one?.name ?? id })}
              onClick={() => put(ids.filter((each) => each !== id))}
            />
          </li>
        );
      })}
      {ids.length < MOST && (
        <li className={styles.add}>
          <AddEvaluation at={at} ids={ids} onAdd={(id) => put([...ids, id])} />
        </li>
      )}
    </ol>
  );
}

function AddEvaluation({
  at,
  ids,
  onAdd,
}: {
  at: { entity: string; project: string };
  ids: readonly string[];
  onAdd: (id: string) => void;
}) {
  const { t } = useTranslation();
  const [open, setOpen] = useState(false);
  const [search, setSearch] = useState("");
  const asked = { search, status: "", model: "", dataset: "", sort: "" };
  const list = useInfiniteQuery({
    ...evaluationListQuery(at.entity, at.project, asked),
    enabled: open,
  });
  const items = (list.data?.pages[0]?.items ?? []).filter((one) => !ids.includes(one.id));
  return (
    <Popover
      open={open}
      onOpen={setOpen}
      width={360}
      trigger={
        <Button size="s" icon="plus">
          {t("evaluations.add")}
        </Button>
      }
    >
      <div className={styles.adding}>
        <SearchInput
          label={t("evaluations.search")}
          placeholder={t("evaluations.search")}
          value={search}
          onValue={setSearch}
        />
        <ul>
          {items.slice(0, 50).map((one) => (
            <li key={one.id}>
              <button
                type="button"
                onClick={() => {
                  onAdd(one.id);
                  setOpen(false);
                }}
              >
                <span className="truncate">{one.name}</span>
                <small className="truncate">
                  {nameOfRef(one.model)} · {nameOfRef(one.dataset)}
                </small>
              </button>
            </li>
          ))}
        </ul>
        {list.isSuccess && items.length === 0 && (
          <p className="muted">{t("evaluations.noMatch")}</p>
        )}
      </div>
    </Popover>
  );
}

function Warnings({ comparison }: { comparison: Comparison }) {
  const { warnings, evaluations } = comparison;
  const letters = (ids: readonly string[]) =>
    ids.map((id) => letterOf(evaluations.findIndex((one) => one.id === id))).join(", ");
  return (
    <>
      {warnings.map((warning) => (
        <Notice key={warning.code + warning.message} kind="warning">
          {warning.evaluations.length > 0 && <strong>{letters(warning.evaluations)}: </strong>}
          {warning.message}
        </Notice>
      ))}
    </>
  );
}

function Rows({
  at,
  ids,
  comparison,
  colors,
}: {
  at: { entity: string; project: string };
  ids: readonly string[];
  comparison: Comparison;
  colors: readonly string[];
}) {
  const { t } = useTranslation();
  const [filter] = useParam("filter");
  const [search] = useParam("q");
  const [only, setOnly] = useParam("only");
  const [sort, setSort] = useParam("sort");
  const [open, setOpen] = useParam("row");
  const [diff, setDiff] = useParam("diff", "on");
  const brush = useBrush();
  const asked = [filter, brush.filter].filter(Boolean);
  const list = useInfiniteQuery(
    evaluationRowsQuery(at.entity, at.project, ids, {
      filter: asked.length > 1 ? asked.map((one) => `(${one})`).join(" and ") : (asked[0] ?? ""),
      search,
      only,
      sort,
    }),
  );
  const { metrics, evaluations } = comparison;
  const compared = metrics.filter((metric) => metric.type !== "category");
  const fields = ids.flatMap((_, index) =>
    metrics.map((metric) => `${letterOf(index)}.${fieldOf(metric.name)}`),
  );
  return (
    <>
      <Toolbar>
        <RowFilters fields={fields} error={list.error} />
        {ids.length > 1 && (
          <>
            <Select
              label={t("evaluations.only")}
              value={only}
              onChange={(event) => setOnly(event.target.value)}
            >
              <option value="">{t("evaluations.allRows")}</option>
              {compared.map((metric) => (
                <optgroup key={metric.name} label={metric.label}>
                  <option value={`worse:${metric.name}`}>
                    {t(metric.type === "boolean" ? "evaluations.rightWrong" : "evaluations.worse", {
                      metric: metric.label,
                    })}
                  </option>
                  <option value={`better:${metric.name}`}>
                    {t(
                      metric.type === "boolean" ? "evaluations.wrongRight" : "evaluations.better",
                      {
                        metric: metric.label,
                      },
                    )}
                  </option>
                  <option value={`disagree:${metric.name}`}>
                    {t("evaluations.disagree", { metric: metric.label })}
                  </option>
                </optgroup>
              ))}
            </Select>
            <Select
              label={t("evaluations.order")}
              value={sort}
              onChange={(event) => setSort(event.target.value)}
            >
              <option value="">{t("evaluations.datasetOrder")}</option>
              {compared.map((metric) => (
                <optgroup key={metric.name} label={metric.label}>
                  <option value={`difference.${fieldOf(metric.name)}`}>
                    {t("evaluations.leastDifference", { metric: metric.label })}
                  </option>
                  <option value={`-difference.${fieldOf(metric.name)}`}>
                    {t("evaluations.mostDifference", { metric: metric.label })}
                  </option>
                </optgroup>
              ))}
            </Select>
            <Checkbox checked={diff === "on"} onChecked={(on) => setDiff(on ? "on" : "off")}>
              {t("evaluations.markDifference")}
            </Checkbox>
          </>
        )}
        <Grow />
        {brush.filter !== "" && (
          <Button size="s" icon="close" onClick={() => brush.clear()}>
            {t("evaluations.clearBrush")}
          </Button>
        )}
        <span className="muted numeric" aria-live="polite">
          {list.data && t("objects.rowCount", { count: list.data.pages[0]?.total ?? 0 })}
        </span>
      </Toolbar>
      <Charts at={at} ids={ids} comparison={comparison} colors={colors} brush={brush} />
      <RowTable
        home={at}
        list={list}
        names={ids.map((id) => evaluations.find((one) => one.id === id)?.name ?? id)}
        colors={colors}
        metrics={metrics}
        sort={sort}
        onSort={setSort}
        onOpen={setOpen}
        showDifference={diff === "on"}
      />
      <RowDrawer
        at={at}
        evaluations={ids.map((id) => ({
          id,
          name: evaluations.find((one) => one.id === id)?.name ?? id,
        }))}
        metrics={metrics}
        row={open}
        onClose={() => setOpen("")}
      />
    </>
  );
}
