import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import type { RowDetail } from "@/api/evaluations";
import { rowQuery } from "@/api/evaluations";
import { ApiError } from "@/api/http";
import { Failure } from "@/features/failure";
import { formatLatency } from "@/features/traces/status";
import type { MetricLike } from "@/lib/score";
import { formatMean, letterOf } from "@/lib/score";
import type { Params } from "@/lib/view";
import { Drawer } from "@/ui/dialog";
import { Icon } from "@/ui/icon";
import { Card } from "@/ui/page";
import { SkeletonRows } from "@/ui/states";
import styles from "./evaluations.module.css";
import { Inputs, outputText } from "./row-table";

interface Named {
  id: string;
  name: string;
}

/** One row with every trial, in each of the evaluations. */
export function RowDrawer({
  at,
  evaluations,
  metrics,
  row,
  onClose,
}: {
  at: { entity: string; project: string };
  evaluations: readonly Named[];
  metrics: readonly MetricLike[];
  /** Its digest; empty: none is open. */
  row: string;
  onClose: () => void;
}) {
  const { t } = useTranslation();
  return (
    <Drawer
      open={row !== ""}
      onOpen={(open) => !open && onClose()}
      title={t("evaluations.rowTitle", { digest: row.slice(0, 8) })}
      closeLabel={t("common.close")}
      width={720}
    >
      <div className={styles.drawer}>
        {evaluations.map((evaluation, index) => (
          <Side
            key={evaluation.id}
            at={at}
            evaluation={evaluation}
            metrics={metrics}
            row={row}
            letter={evaluations.length > 1 ? letterOf(index) : null}
            withInputs={index === 0}
          />
        ))}
      </div>
    </Drawer>
  );
}

function Side({
  at,
  evaluation,
  metrics,
  row,
  letter,
  withInputs,
}: {
  at: { entity: string; project: string };
  evaluation: Named;
  metrics: readonly MetricLike[];
  row: string;
  letter: string | null;
  withInputs: boolean;
}) {
  const { t } = useTranslation();
  const found = useQuery({ ...rowQuery(at.entity, at.project, evaluation.id, row), retry: false });
  if (row === "") return null;
  if (found.isPending) return <SkeletonRows rows={4} label={t("common.loading")} />;
  if (found.isError) {
    if (found.error instanceof ApiError && found.error.status === 404) {
      return (
        <p className="muted">
          {letter} {t("evaluations.notThere")}
        </p>
      );
    }
    return <Failure compact title={t("evaluations.error")} error={found.error} />;
  }
  return (
    <>
      {withInputs && (
        <Card title={t("evaluations.inputs")}>
          <Inputs home={at} value={found.data.inputs} />
        </Card>
      )}
      {letter && (
        <h3 className={styles.sideName}>
          {letter} · {evaluation.name}
        </h3>
      )}
      {found.data.trials.map((trial, index) => (
        <Trial
          key={trial.call}
          at={at}
          trial={trial}
          metrics={metrics}
          title={
            found.data.trials.length > 1
              ? t("evaluations.trial", { number: index + 1 })
              : t("evaluations.output")
          }
        />
      ))}
    </>
  );
}

function Trial({
  at,
  trial,
  metrics,
  title,
}: {
  at: { entity: string; project: string };
  trial: RowDetail["trials"][number];
  metrics: readonly MetricLike[];
  title: string;
}) {
  const { t } = useTranslation();
  const labels = new Map(metrics.map((metric) => [metric.name, metric]));
  return (
    <Card
      title={title}
      actions={
        <>
          <span className="muted numeric">{formatLatency(trial.latency_s)}</span>
          <CallLink at={at} trace={trial.trace_id} call={trial.call} />
        </>
      }
    >
      {trial.error ? (
        <pre className={styles.error}>{trial.error}</pre>
      ) : (
        <pre className={styles.whole}>{outputText(trial.output)}</pre>
      )}
      <dl className={styles.scores}>
        {Object.entries(trial.values).map(([name, value]) => {
          const metric = labels.get(name);
          return (
            <div key={name}>
              <dt>{metric?.label ?? name}</dt>
              <dd>
                {typeof value === "number" && metric
                  ? formatMean({ ...metric, type: "number" }, value)
                  : typeof value === "boolean"
                    ? t(`evaluations.${value ? "yes" : "no"}`)
                    : String(value)}
              </dd>
            </div>
          );
        })}
      </dl>
      {trial.scores.length > 0 && (
        <ul className={styles.steps}>
          {[...(trial.prediction ? [trial.prediction] : []), ...trial.scores].map((step) => (
            <li key={step.call}>
              <CallLink at={at} trace={trial.trace_id} call={step.call} name={step.name} />
              <span className="muted numeric">{formatLatency(step.latency_s)}</span>
              {step.error ? (
                <span className={styles.bad}>{step.error.split("\n").at(-1)}</span>
              ) : (
                <code className="truncate">{outputText(step.value).replace(/\s+/g, " ")}</code>
              )}
            </li>
          ))}
        </ul>
      )}
    </Card>
  );
}

function CallLink({
  at,
  trace,
  call,
  name,
}: {
  at: { entity: string; project: string };
  trace: string;
  call: string;
  name?: string;
}) {
  const { t } = useTranslation();
  return (
    <Link
      to="/$entity/$project/traces/$trace"
      params={{ ...at, trace }}
      search={{ call } as Params}
      className={styles.callLink}
    >
      <Icon name="branch" size={12} />
      {name ?? t("evaluations.openTrace")}
    </Link>
  );
}
