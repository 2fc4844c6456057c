import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { reliabilityQuery } from "@/api/threads";
import type { OpReliability } from "@/api/types";
import { Failure } from "@/features/failure";
import { formatLatency } from "@/features/traces/status";
import { useParam } from "@/features/url";
import { formatNumber } from "@/lib/format";
import { formatCost } from "@/lib/score";
import type { Params } from "@/lib/view";
import { Segmented } from "@/ui/field";
import { Icon } from "@/ui/icon";
import { Blank, Toolbar } from "@/ui/page";
import { SkeletonRows } from "@/ui/states";
import styles from "./threads.module.css";

const HOUR = 3_600_000;
const spans = { hour: HOUR, day: 24 * HOUR, week: 7 * 24 * HOUR, month: 30 * 24 * HOUR } as const;
type Span = keyof typeof spans | "all";
type Sort = "calls" | "errors" | "p95_s" | "cost";

/** How often each function is called, how often it fails, how long it takes, what it costs. */
export function Reliability({ entity, project }: { entity: string; project: string }) {
  const { t } = useTranslation();
  const [asked, setSpan] = useParam("span", "week");
  const span: Span = asked === "all" || asked in spans ? (asked as Span) : "week";
  const [sort, setSort] = useState<Sort>("calls");
  const range = useMemo(() => {
    // To the minute: the same question for a while.
    const end = Math.ceil(Date.now() / 60_000) * 60_000;
    const start = span === "all" ? 0 : end - spans[span];
    return { start: new Date(start).toISOString(), end: new Date(end).toISOString() };
  }, [span]);
  const found = useQuery(reliabilityQuery(entity, project, range));
  const rows = useMemo(
    () => [...(found.data ?? [])].sort((a, b) => sortValue(b, sort) - sortValue(a, sort)),
    [found.data, sort],
  );
  const head = (id: Sort, label: string) => (
    <th scope="col" data-numeric aria-sort={sort === id ? "descending" : undefined}>
      <button type="button" onClick={() => setSort(id)}>
        {label}
        {sort === id && <Icon name="arrowDown" size={12} />}
      </button>
    </th>
  );
  const body = () => {
    if (found.isPending) return <SkeletonRows rows={8} label={t("common.loading")} />;
    if (found.isError) {
      return <Failure title={t("traces.error")} error={found.error} onRetry={found.refetch} />;
    }
    if (rows.length === 0) {
      return (
        <Blank icon="terminal" title={t("threads.noTools")}>
          {t("threads.noToolsText")}
        </Blank>
      );
    }
    return (
      // biome-ignore lint/a11y/noNoninteractiveTabindex: keys can scroll it
      <section className={styles.box} tabIndex={0} aria-label={t("threads.tools")}>
        <table className={styles.table}>
          <thead>
            <tr>
              <th scope="col">Op</th>
              {head("calls", t("threads.calls"))}
              {head("errors", t("threads.errorRate"))}
              <th scope="col" data-numeric>
                p50
              </th>
              {head("p95_s", "p95")}
              <th scope="col" data-numeric>
                p99
              </th>
              <th scope="col" data-numeric>
                {t("traces.column.tokens")}
              </th>
              {head("cost", t("traces.column.cost"))}
            </tr>
          </thead>
          <tbody>
            {rows.map((row) => (
              <tr key={row.op}>
                <th scope="row">
                  <Link
                    to="/$entity/$project/traces"
                    params={{ entity, project }}
                    search={{ calls: "all", filter: `op = ${JSON.stringify(row.op)}` } as Params}
                  >
                    {row.op}
                  </Link>
                </th>
                <td data-numeric>{row.calls.toLocaleString()}</td>
                <td data-numeric>
                  <span className={row.errors > 0 ? styles.bad : undefined}>
                    {formatNumber((row.errors / Math.max(1, row.calls)) * 100, 3)} %
                  </span>
                </td>
                <td data-numeric>{formatLatency(row.p50_s)}</td>
                <td data-numeric>{formatLatency(row.p95_s)}</td>
                <td data-numeric>{formatLatency(row.p99_s)}</td>
                <td data-numeric>{row.tokens > 0 ? row.tokens.toLocaleString() : "–"}</td>
                <td data-numeric>{row.cost === null ? "–" : formatCost(row.cost)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </section>
    );
  };
  return (
    <>
      <Toolbar>
        <Segmented<Span>
          label={t("threads.span")}
          value={span}
          options={(["hour", "day", "week", "month", "all"] as const).map((value) => ({
            value,
            label: t(`threads.spans.${value}`),
          }))}
          onValue={setSpan}
        />
      </Toolbar>
      {body()}
    </>
  );
}

function sortValue(row: OpReliability, sort: Sort): number {
  if (sort === "errors") return row.errors / Math.max(1, row.calls);
  return row[sort] ?? -1;
}
