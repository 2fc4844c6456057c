import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import type { EvaluationDetail } from "@/api/evaluations";
import { slicesQuery } from "@/api/evaluations";
import { Failure } from "@/features/failure";
import { useParam } from "@/features/url";
import { formatDelta, formatMean, formatP } from "@/lib/score";
import type { Params } from "@/lib/view";
import { Select } from "@/ui/field";
import { Blank, Toolbar } from "@/ui/page";
import { SkeletonRows } from "@/ui/states";
import { Chip } from "./chip";
import styles from "./evaluations.module.css";

/** Where the evaluation is weak: a metric by the values of each attribute, the worst first. */
export function Slices({
  at,
  evaluation,
}: {
  at: { entity: string; project: string };
  evaluation: EvaluationDetail;
}) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const metrics = evaluation.metrics.filter((metric) => metric.type !== "category");
  const usual = metrics.find((metric) => metric.source === "score")?.name ?? metrics[0]?.name ?? "";
  const [name, setName] = useParam("metric", usual);
  const metric = metrics.find((one) => one.name === name) ?? metrics[0];
  const found = useQuery(slicesQuery(at.entity, at.project, evaluation.id, metric?.name ?? ""));
  if (!metric) {
    return <Blank icon="filter" title={t("evaluations.noMetrics")} />;
  }
  const open = (field: string, value: string) =>
    navigate({
      to: ".",
      search: { tab: "rows", filter: `${field} = ${JSON.stringify(value)}` } as Params,
    });
  const body = () => {
    if (found.isPending) return <SkeletonRows label={t("common.loading")} />;
    if (found.isError) {
      return <Failure title={t("evaluations.error")} error={found.error} onRetry={found.refetch} />;
    }
    const { slices, overall, skipped } = found.data;
    if (slices.length === 0) {
      return (
        <Blank icon="filter" title={t("evaluations.noSlices")}>
          {t("evaluations.noSlicesText")}
        </Blank>
      );
    }
    const means = slices.map((slice) => slice.mean);
    const most = Math.max(...means, overall.mean ?? 0, 0) || 1;
    return (
      // biome-ignore lint/a11y/noNoninteractiveTabindex: keys can scroll it
      <section className={styles.box} tabIndex={0} aria-label={t("evaluations.tab.slices")}>
        <table className={styles.list}>
          <thead>
            <tr>
              <th scope="col">{t("evaluations.slice")}</th>
              <th scope="col" data-numeric>
                {t("evaluations.rowsHead")}
              </th>
              <th scope="col">{metric.label}</th>
              <th scope="col" data-numeric>
                {t("evaluations.toTheRest")}
              </th>
              <th scope="col">{t("evaluations.finding")}</th>
            </tr>
          </thead>
          <tbody>
            {slices.map((slice) => (
              <tr key={`${slice.field} ${slice.value}`} data-bad={slice.worse || undefined}>
                <th scope="row">
                  <button
                    type="button"
                    className={styles.sliceName}
                    onClick={() => open(slice.field, slice.value)}
                  >
                    <span className="muted">{slice.field.replace(/^inputs\./, "")}</span>{" "}
                    {slice.value}
                  </button>
                </th>
                <td data-numeric>{slice.rows.toLocaleString()}</td>
                <td>
                  <span className={styles.sliceBar}>
                    <span className={styles.share}>
                      <i style={{ width: `${Math.max(0, slice.mean / most) * 100}%` }} />
                    </span>
                    <span className="numeric">{formatMean(metric, slice.mean)}</span>
                  </span>
                </td>
                <td data-numeric>{formatDelta(metric, slice.difference)}</td>
                <td>
                  {slice.worse && <Chip kind="worse">{t("evaluations.worseSlice")}</Chip>}
                  {slice.better && <Chip kind="better">{t("evaluations.betterSlice")}</Chip>}
                  {!slice.worse && !slice.better && (
                    <span className="muted">{t("evaluations.noFinding")}</span>
                  )}
                  {slice.p_adjusted !== null && (
                    <span className={styles.interval}>p {formatP(slice.p_adjusted)}</span>
                  )}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
        <p className={styles.small}>
          {t("evaluations.overall", {
            mean: formatMean(metric, overall.mean),
            count: overall.rows,
          })}
          {skipped.length > 0 &&
            ` · ${t("evaluations.skipped")} ${skipped
              .map((one) => `${one.field} (${one.reason})`)
              .join(", ")}`}
        </p>
      </section>
    );
  };
  return (
    <>
      <Toolbar>
        <span className="muted">{t("evaluations.metric")}</span>
        <Select
          label={t("evaluations.metric")}
          value={metric.name}
          onChange={(event) => setName(event.target.value)}
        >
          {metrics.map((one) => (
            <option key={one.name} value={one.name}>
              {one.label}
            </option>
          ))}
        </Select>
      </Toolbar>
      {body()}
    </>
  );
}
