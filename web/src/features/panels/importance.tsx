import { useQuery } from "@tanstack/react-query";
import { useSearch } from "@tanstack/react-router";
import { useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { importanceQuery } from "@/api/runs";
import { textOption } from "@/features/charts/options";
import { Failure } from "@/features/failure";
import { combineFilter } from "@/lib/filter";
import { formatNumber } from "@/lib/format";
import type { Params } from "@/lib/view";
import { readRunsView } from "@/lib/view";
import { SearchInput } from "@/ui/field";
import { Skeleton } from "@/ui/states";
import { Message } from "./message";
import styles from "./panels.module.css";
import type { PanelProps } from "./types";
import { knownRuns, shortField, usualMetric } from "./values";

const LISTED = 12;

/** Which settings go with a result, over all runs that the filter keeps. */
export default function ImportancePanel({ panel, scope, large }: PanelProps) {
  const { t } = useTranslation();
  const runs = useMemo(() => knownRuns(scope), [scope]);
  const result = textOption(panel.options, "metric", usualMetric(runs));
  const rank = textOption(panel.options, "correlation", "pearson") as "pearson" | "spearman";
  const view = readRunsView(useSearch({ strict: false }) as Params);
  const [search, setSearch] = useState("");
  const { entity, project } = scope;
  const found = useQuery({
    ...importanceQuery(entity, project, result, combineFilter(view)),
    enabled: result !== "",
  });
  if (result === "") return <Message>{t("panels.chooseMetric")}</Message>;
  if (found.isPending) return <Skeleton height="100%" />;
  if (found.isError) {
    return (
      <Failure compact title={t("charts.error")} error={found.error} onRetry={found.refetch} />
    );
  }
  const { items, confidence, explained } = found.data;
  if (items.length === 0) {
    return <Message>{t("panels.noImportance", { field: shortField(result) })}</Message>;
  }
  const words = search.toLowerCase();
  const shown = items.filter((item) => item.name.toLowerCase().includes(words));
  return (
    <div className={styles.importance}>
      <p className={styles.confidence} data-confidence={confidence}>
        <b>{t(`panels.confidence.${confidence}`)}</b>{" "}
        {explained === null
          ? t("panels.fewRuns", { count: found.data.runs })
          : t("panels.explained", {
              count: found.data.runs,
              share: Math.round(Math.max(0, explained) * 100),
            })}
        {found.data.left_out > 0 && ` ${t("panels.leftOut", { count: found.data.left_out })}`}
      </p>
      {large && items.length > LISTED && (
        <SearchInput
          label={t("panels.searchParameters")}
          placeholder={t("panels.searchParameters")}
          value={search}
          onValue={setSearch}
        />
      )}
      <table>
        <thead>
          <tr>
            <th>{t("panels.parameter")}</th>
            <th>{t("panels.importance")}</th>
            <th>{t(`panels.${rank}`)}</th>
          </tr>
        </thead>
        <tbody>
          {shown.slice(0, large ? 200 : LISTED).map((item) => {
            const correlation = item[rank];
            return (
              <tr key={item.name}>
                <th scope="row" className="truncate" title={item.name}>
                  {item.name}
                </th>
                <td
                  title={`${formatNumber(item.importance, 3)} ± ${formatNumber(item.deviation, 2)}`}
                >
                  <span className={styles.barCell}>
                    <i style={{ width: `${100 * item.importance}%` }} />
                    <span className="numeric">{formatNumber(item.importance, 2)}</span>
                  </span>
                </td>
                <td>
                  {correlation === null ? (
                    <span className="muted">–</span>
                  ) : (
                    <span className={styles.signed} data-negative={correlation < 0 || undefined}>
                      <i
                        style={{
                          width: `${50 * Math.abs(correlation)}%`,
                          [correlation < 0 ? "right" : "left"]: "50%",
                        }}
                      />
                      <span className="numeric">
                        {correlation < 0 ? "−" : "+"}
                        {formatNumber(Math.abs(correlation), 2)}
                      </span>
                    </span>
                  )}
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}
