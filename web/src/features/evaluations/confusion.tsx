import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import type { ConfusionMatrix, EvaluationDetail } from "@/api/evaluations";
import { confusionQuery, evaluationRowsQuery } from "@/api/evaluations";
import { Failure } from "@/features/failure";
import { useParam } from "@/features/url";
import { formatNumber } from "@/lib/format";
import { fieldOf } from "@/lib/score";
import type { Params } from "@/lib/view";
import { Select } from "@/ui/field";
import { Blank, Card, Scroll, Toolbar } from "@/ui/page";
import { SkeletonRows } from "@/ui/states";
import styles from "./evaluations.module.css";

const FEW = 40;

/** Labels that were expected against those that came; graded ones in their order. */
export function Confusion({
  at,
  evaluation,
}: {
  at: { entity: string; project: string };
  evaluation: EvaluationDetail;
}) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const none = { filter: "", search: "", only: "", sort: "" };
  const sample = useInfiniteQuery(
    evaluationRowsQuery(at.entity, at.project, [evaluation.id], none),
  );
  const first = useMemo(() => sample.data?.pages[0]?.items ?? [], [sample.data]);
  const { expected: left, predicted: right } = useMemo(() => {
    const labelled = evaluation.attributes.filter((field) => {
      const key = field.replace(/^inputs\./, "");
      const values = new Set(
        first.map((row) => (row.inputs as Record<string, unknown> | null)?.[key]),
      );
      return values.size > 1 && values.size <= FEW;
    });
    const predicted = evaluation.metrics
      .filter((metric) => metric.type === "category" || metric.source === "output")
      .map((metric) => metric.name);
    return { expected: labelled, predicted };
  }, [evaluation, first]);
  const likely = left.find((field) => /label|expected|target|answer|grade|truth/i.test(field));
  const [expected, setExpected] = useParam("expected", likely ?? left[0] ?? "");
  const [predicted, setPredicted] = useParam("predicted", right[0] ?? "");
  const found = useQuery(confusionQuery(at.entity, at.project, evaluation.id, expected, predicted));
  if (sample.isPending) return <SkeletonRows label={t("common.loading")} />;
  if (left.length === 0 || right.length === 0) {
    return (
      <Blank icon="projects" title={t("evaluations.noLabels")}>
        {t("evaluations.noLabelsText")}
      </Blank>
    );
  }
  return (
    <>
      <Toolbar>
        <Field
          label={t("evaluations.expected")}
          value={expected}
          fields={evaluation.attributes}
          onValue={setExpected}
        />
        <Field
          label={t("evaluations.predicted")}
          value={predicted}
          fields={evaluation.metrics.map((metric) => metric.name)}
          onValue={setPredicted}
        />
      </Toolbar>
      {found.isError ? (
        <Failure title={t("evaluations.error")} error={found.error} />
      ) : found.data ? (
        <Scroll>
          <Matrix
            matrix={found.data}
            onOpen={(row, column) =>
              navigate({
                to: ".",
                search: {
                  tab: "rows",
                  filter: `${fieldOf(expected)} = ${JSON.stringify(row)} and ${fieldOf(predicted)} = ${JSON.stringify(column)}`,
                } as Params,
              })
            }
          />
          <Labels matrix={found.data} />
        </Scroll>
      ) : (
        <SkeletonRows label={t("common.loading")} />
      )}
    </>
  );
}

function Field({
  label,
  value,
  fields,
  onValue,
}: {
  label: string;
  value: string;
  fields: readonly string[];
  onValue: (value: string) => void;
}) {
  return (
    <span className={styles.labelled}>
      {label}
      <Select label={label} value={value} onChange={(event) => onValue(event.target.value)}>
        {!fields.includes(value) && <option>{value}</option>}
        {fields.map((field) => (
          <option key={field}>{field}</option>
        ))}
      </Select>
    </span>
  );
}

function Matrix({
  matrix,
  onOpen,
}: {
  matrix: ConfusionMatrix;
  onOpen: (expected: string, predicted: string) => void;
}) {
  const { t } = useTranslation();
  const { labels } = matrix;
  return (
    <Card
      title={t("evaluations.tab.confusion")}
      count={t("evaluations.rowsOf", { count: matrix.rows })}
    >
      <div className={styles.matrixBox}>
        <table className={styles.matrix}>
          <thead>
            <tr>
              <th scope="col">
                <span className="muted">{t("evaluations.corner")}</span>
              </th>
              {labels.map((label) => (
                <th key={label} scope="col" title={label}>
                  {label}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {labels.map((label, row) => {
              const counts = matrix.matrix[row] ?? [];
              const sum = counts.reduce((all, count) => all + count, 0) || 1;
              return (
                <tr key={label}>
                  <th scope="row" title={label}>
                    {label}
                  </th>
                  {labels.map((other, column) => {
                    const count = counts[column] ?? 0;
                    const share = count / sum;
                    return (
                      <td key={other}>
                        <button
                          type="button"
                          disabled={count === 0}
                          data-right={row === column || undefined}
                          style={{ "--share": `${Math.round(share * 46)}%` } as React.CSSProperties}
                          title={t("evaluations.cell", {
                            expected: label,
                            predicted: other,
                            count,
                            percent: Math.round(share * 100),
                          })}
                          onClick={() => onOpen(label, other)}
                        >
                          {count.toLocaleString()}
                          <small>{Math.round(share * 100)} %</small>
                        </button>
                      </td>
                    );
                  })}
                </tr>
              );
            })}
          </tbody>
        </table>
      </div>
      {matrix.missing > 0 && (
        <p className={styles.small}>{t("evaluations.withoutLabel", { count: matrix.missing })}</p>
      )}
    </Card>
  );
}

const part = (value: number | null) => (value === null ? "–" : formatNumber(value, 3));

function Labels({ matrix }: { matrix: ConfusionMatrix }) {
  const { t } = useTranslation();
  const facts = [
    ["accuracy", matrix.accuracy],
    ["macroF1", matrix.macro_f1],
    ["kappa", matrix.kappa],
    ["weightedKappa", matrix.weighted_kappa],
  ] as const;
  return (
    <Card title={t("evaluations.perLabel")}>
      <p className={styles.small}>
        {facts
          .filter(([, value]) => value !== null)
          .map(([name, value]) => (
            <span key={name}>
              {t(`evaluations.${name}`)} <strong className="numeric">{part(value)}</strong>
            </span>
          ))}
      </p>
      <table className={styles.list}>
        <thead>
          <tr>
            <th scope="col">{t("evaluations.label")}</th>
            {(["support", "precision", "recall", "f1"] as const).map((name) => (
              <th key={name} scope="col" data-numeric>
                {t(`evaluations.${name}`)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {matrix.per_label.map((one) => (
            <tr key={one.label}>
              <th scope="row">{one.label}</th>
              <td data-numeric>{one.support.toLocaleString()}</td>
              <td data-numeric>{part(one.precision)}</td>
              <td data-numeric>{part(one.recall)}</td>
              <td data-numeric>{part(one.f1)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Card>
  );
}
