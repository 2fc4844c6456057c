import type { InfiniteData, UseInfiniteQueryResult } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import type { ComparisonRow, ComparisonRowCell, ComparisonRows } from "@/api/evaluations";
import { ApiError } from "@/api/http";
import { Failure } from "@/features/failure";
import { CellValue, cellText } from "@/features/objects/cell";
import type { MetricLike } from "@/lib/score";
import { fieldOf, formatMean, formatSeconds, letterOf } from "@/lib/score";
import { diffWords } from "@/lib/text-diff";
import { Button } from "@/ui/button";
import { Icon } from "@/ui/icon";
import { Blank } from "@/ui/page";
import { SkeletonRows } from "@/ui/states";
import { Pieces } from "@/ui/text-diff";
import styles from "./evaluations.module.css";

/** Characters of an output that a row shows. */
const SHOWN = 600;

/** Rows with their outputs and values: of one evaluation, or of several side by side. */
export function RowTable({
  home,
  list,
  names,
  colors,
  metrics,
  sort,
  onSort,
  onOpen,
  showDifference = false,
}: {
  home: { entity: string; project: string };
  list: UseInfiniteQueryResult<InfiniteData<ComparisonRows>>;
  /** Of the evaluations; none where there is one alone. */
  names: readonly string[];
  colors: readonly string[];
  metrics: readonly MetricLike[];
  sort: string;
  onSort: (sort: string) => void;
  onOpen: (digest: string) => void;
  /** Marks what an output has in place of the baseline's. */
  showDifference?: boolean;
}) {
  const { t } = useTranslation();
  const refused = list.error instanceof ApiError && list.error.status === 400;
  if (list.isPending && !list.isError) {
    return <SkeletonRows rows={10} label={t("common.loading")} />;
  }
  if (list.isError && !refused && !list.data) {
    return <Failure title={t("evaluations.error")} error={list.error} onRetry={list.refetch} />;
  }
  const rows = list.data?.pages.flatMap((page) => page.items) ?? [];
  if (rows.length === 0 || refused) {
    return (
      <Blank icon="search" title={refused ? t("traces.badFilter") : t("evaluations.noRows")}>
        {refused ? list.error?.message : t("evaluations.noRowsText")}
      </Blank>
    );
  }
  const isOne = names.length === 0;
  const shown = metrics.filter((metric) => rows.some((row) => hasValue(row, metric.name)));
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: keys can scroll it
    <section className={styles.box} tabIndex={0} aria-label={t("evaluations.tab.rows")}>
      <table className={styles.rows} data-one={isOne || undefined}>
        <thead>
          <tr>
            <th scope="col" data-numeric>
              {t("objects.row")}
            </th>
            <th scope="col">{t("evaluations.inputs")}</th>
            {isOne ? (
              <>
                <th scope="col">{t("evaluations.output")}</th>
                {shown.map((metric) => (
                  <SortHead key={metric.name} metric={metric} sort={sort} onSort={onSort} />
                ))}
              </>
            ) : (
              names.map((name, index) => (
                <th key={letterOf(index)} scope="col">
                  <span className={styles.letter} style={{ background: colors[index] }}>
                    {letterOf(index)}
                  </span>{" "}
                  {name}
                </th>
              ))
            )}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={row.digest}>
              <th scope="row" data-numeric>
                <button type="button" className={styles.open} onClick={() => onOpen(row.digest)}>
                  <span className="visually-hidden">{t("evaluations.openRow")}</span>
                  {row.position === null ? "·" : row.position + 1}
                </button>
              </th>
              <td className={styles.inputs}>
                <Inputs home={home} value={row.inputs} />
              </td>
              {isOne ? (
                <>
                  <td className={styles.output}>
                    <Output cell={row.cells[0] ?? null} before={null} />
                  </td>
                  {shown.map((metric) => (
                    <td key={metric.name} data-numeric>
                      <Value metric={metric} cell={row.cells[0] ?? null} />
                    </td>
                  ))}
                </>
              ) : (
                row.cells.map((cell, index) => (
                  <td key={letterOf(index)} className={styles.output}>
                    <Output
                      cell={cell}
                      before={showDifference && index > 0 ? (row.cells[0] ?? null) : null}
                    />
                    <Values
                      metrics={shown}
                      cell={cell}
                      baseline={index > 0 ? row.cells[0] : null}
                    />
                  </td>
                ))
              )}
            </tr>
          ))}
        </tbody>
      </table>
      {list.hasNextPage && (
        <Button
          size="s"
          variant="ghost"
          busy={list.isFetchingNextPage}
          onClick={() => void list.fetchNextPage()}
        >
          {t("evaluations.moreRows")}
        </Button>
      )}
    </section>
  );
}

function hasValue(row: ComparisonRow, metric: string): boolean {
  return row.cells.some((cell) => cell?.values[metric] !== undefined);
}

function SortHead({
  metric,
  sort,
  onSort,
}: {
  metric: MetricLike;
  sort: string;
  onSort: (sort: string) => void;
}) {
  const field = fieldOf(metric.name);
  const descending = sort === `-${field}`;
  const sorted = descending || sort === field;
  return (
    <th
      scope="col"
      data-numeric
      aria-sort={sorted ? (descending ? "descending" : "ascending") : undefined}
    >
      <button
        type="button"
        title={metric.name}
        onClick={() => onSort(sorted ? (descending ? "" : `-${field}`) : field)}
      >
        {metric.label}
        {sorted && <Icon name={descending ? "arrowDown" : "arrowUp"} size={12} />}
      </button>
    </th>
  );
}

/** The columns of an example. */
export function Inputs({
  home,
  value,
}: {
  home: { entity: string; project: string };
  value: unknown;
}) {
  if (value === null || typeof value !== "object" || Array.isArray(value)) {
    return <CellValue home={home} value={value} />;
  }
  return (
    <dl className={styles.fields}>
      {Object.entries(value).map(([key, each]) => (
        <div key={key}>
          <dt>{key}</dt>
          <dd>
            <CellValue home={home} value={each} />
          </dd>
        </div>
      ))}
    </dl>
  );
}

export function outputText(value: unknown): string {
  if (value !== null && typeof value === "object") return JSON.stringify(value, null, 1);
  return cellText(value);
}

function Output({
  cell,
  before,
}: {
  cell: ComparisonRowCell | null;
  before: ComparisonRowCell | null;
}) {
  const { t } = useTranslation();
  if (!cell) return <span className="muted">{t("evaluations.notThere")}</span>;
  if (cell.error) return <span className={styles.bad}>{cell.error.split("\n").at(-1)}</span>;
  if (cell.status === "running") {
    return <span className="muted">{t("evaluations.status.running")}</span>;
  }
  const text = outputText(cell.output).slice(0, SHOWN);
  const old = before && !before.error ? outputText(before.output).slice(0, SHOWN) : null;
  if (old !== null && old !== text) {
    return (
      <span className={styles.changedText}>
        <Pieces pieces={diffWords(old, text)[1]} />
      </span>
    );
  }
  return <>{text}</>;
}

function Values({
  metrics,
  cell,
  baseline,
}: {
  metrics: readonly MetricLike[];
  cell: ComparisonRowCell | null;
  baseline: ComparisonRowCell | null | undefined;
}) {
  if (!cell) return null;
  return (
    <span className={styles.values}>
      {metrics
        .filter((metric) => cell.values[metric.name] !== undefined && metric.name !== "cost")
        .map((metric) => {
          const other = baseline?.values[metric.name]?.value;
          const differs = baseline && other !== cell.values[metric.name]?.value;
          return (
            <span key={metric.name} data-differs={differs || undefined}>
              <span className="muted">{metric.label}</span> <Value metric={metric} cell={cell} />
            </span>
          );
        })}
    </span>
  );
}

export function Value({ metric, cell }: { metric: MetricLike; cell: ComparisonRowCell | null }) {
  const { t } = useTranslation();
  const found = cell?.values[metric.name];
  if (!found) return <span className="muted">–</span>;
  const { value } = found;
  if (typeof value === "boolean") {
    return (
      <span className={styles.truth} data-value={value}>
        <Icon name={value ? "check" : "close"} size={12} />
        <span className="visually-hidden">{t(`evaluations.${value ? "yes" : "no"}`)}</span>
      </span>
    );
  }
  const spread = found.std === undefined || found.std === null ? null : found.std;
  if (typeof value === "string") return <span>{value}</span>;
  const text = metric.name === "latency" ? formatSeconds(value) : formatMean(metric, value);
  return (
    <span className="numeric">
      {text}
      {spread !== null && spread > 0 && <small> ±{Number(spread.toPrecision(2))}</small>}
    </span>
  );
}
