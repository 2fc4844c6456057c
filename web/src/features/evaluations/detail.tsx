import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useParams } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import type { EvaluationDetail } from "@/api/evaluations";
import { evaluationQuery, exportHref } from "@/api/evaluations";
import { Failure } from "@/features/failure";
import { untilFound } from "@/features/missing";
import { Moment } from "@/features/moment";
import { usePageTitle } from "@/features/title";
import { useParam } from "@/features/url";
import { formatDuration } from "@/lib/format";
import { formatCost } from "@/lib/score";
import type { Params } from "@/lib/view";
import { buttonClass, IconButton } from "@/ui/button";
import type { IconName } from "@/ui/icon";
import { Icon } from "@/ui/icon";
import { Menu, MenuItem } from "@/ui/menu";
import { Card, Facts, Page, PageBody, PageHead, Scroll, Tabs } from "@/ui/page";
import { Notice, SkeletonRows } from "@/ui/states";
import { Confusion } from "./confusion";
import styles from "./evaluations.module.css";
import { useLiveEvaluations } from "./live";
import { MetricCards } from "./metrics";
import { EvaluationProgress, EvaluationStatus, RefLink } from "./parts";
import { EvaluationRows } from "./rows";
import { Slices } from "./slices";

const icons = {
  metrics: "chart",
  rows: "table",
  slices: "filter",
  confusion: "projects",
  about: "overview",
} as const satisfies Record<string, IconName>;
type Tab = keyof typeof icons;
const tabs = Object.keys(icons) as Tab[];

/** One evaluation: its metrics, where it is weak, and each of its rows. */
export function EvaluationPage() {
  const { t } = useTranslation();
  const { entity, project, evaluation } = useParams({
    from: "/inside/$entity/$project/evaluations/$evaluation",
  });
  const [asked] = useParam("tab");
  const tab = tabs.find((one) => one === asked) ?? "metrics";
  const found = useQuery({
    ...evaluationQuery(entity, project, evaluation),
    refetchInterval: untilFound,
  });
  useLiveEvaluations(entity, project);
  usePageTitle(found.data?.name ?? t("evaluations.one"), project);
  if (found.isPending) return <SkeletonRows rows={10} label={t("common.loading")} />;
  if (found.isError && !found.data) {
    return <Failure title={t("evaluations.noOne")} error={found.error} onRetry={found.refetch} />;
  }
  const detail = found.data;
  const at = { entity, project };
  return (
    <Page>
      <Head at={at} evaluation={detail} />
      <Tabs label={t("evaluations.parts")}>
        {tabs.map((one) => (
          <Link
            key={one}
            to="."
            search={(one === "metrics" ? {} : { tab: one }) as Params}
            activeOptions={{ exact: true }}
            aria-current={one === tab ? "page" : undefined}
          >
            <Icon name={icons[one]} size={15} />
            {t(`evaluations.tab.${one}`)}
          </Link>
        ))}
      </Tabs>
      <PageBody>
        {tab === "metrics" && <MetricCards evaluation={detail} />}
        {tab === "rows" && <EvaluationRows at={at} evaluation={detail} />}
        {tab === "slices" && <Slices at={at} evaluation={detail} />}
        {tab === "confusion" && <Confusion at={at} evaluation={detail} />}
        {tab === "about" && <About evaluation={detail} />}
      </PageBody>
    </Page>
  );
}

function Head({
  at,
  evaluation,
}: {
  at: { entity: string; project: string };
  evaluation: EvaluationDetail;
}) {
  const { t, i18n } = useTranslation();
  const navigate = useNavigate();
  const { error } = evaluation;
  const save = (format: "jsonl" | "csv") =>
    window.location.assign(exportHref(at.entity, at.project, evaluation.id, format));
  return (
    <>
      <PageHead
        title={
          <>
            <Icon name="check" size={18} />
            <h1 className="truncate" title={evaluation.name}>
              {evaluation.name}
            </h1>
            <EvaluationStatus evaluation={evaluation} />
          </>
        }
        actions={
          <>
            <Link
              to="/$entity/$project/evaluations"
              params={at}
              search={{ e: evaluation.id } as Params}
              className={buttonClass("default", "s")}
            >
              <Icon name="compare" />
              {t("evaluations.compareWith")}
            </Link>
            <Menu trigger={<IconButton icon="more" label={t("common.more")} />}>
              <MenuItem
                icon="branch"
                onSelect={() =>
                  navigate({
                    to: "/$entity/$project/traces/$trace",
                    params: { ...at, trace: evaluation.trace_id },
                    search: { call: evaluation.id } as Params,
                  })
                }
              >
                {t("evaluations.openTrace")}
              </MenuItem>
              <MenuItem icon="download" onSelect={() => save("jsonl")}>
                {t("evaluations.export", { format: "JSONL" })}
              </MenuItem>
              <MenuItem icon="download" onSelect={() => save("csv")}>
                {t("evaluations.export", { format: "CSV" })}
              </MenuItem>
            </Menu>
          </>
        }
        marks={
          <>
            <EvaluationProgress evaluation={evaluation} />
            <span className={styles.labelled}>
              {t("evaluations.model")} <RefLink of={evaluation.model} />
            </span>
            <span className={styles.labelled}>
              {t("evaluations.dataset")} <RefLink of={evaluation.dataset} />
            </span>
            {evaluation.duration_s !== null && (
              <span>{formatDuration(evaluation.duration_s, i18n.language)}</span>
            )}
            {evaluation.tokens !== null && (
              <span>{t("evaluations.tokenCount", { count: evaluation.tokens })}</span>
            )}
            {evaluation.cost !== null && <span>{formatCost(evaluation.cost)}</span>}
            <Moment at={evaluation.started_at} />
          </>
        }
      />
      {error !== null && <Notice kind="danger">{errorText(error)}</Notice>}
      {evaluation.status === "stalled" && (
        <Notice kind="warning">{t("evaluations.stalledText")}</Notice>
      )}
      {evaluation.truncated && <Notice kind="warning">{t("evaluations.truncated")}</Notice>}
    </>
  );
}

/** The last line of an exception says what happened. */
export function errorText(text: string): string {
  try {
    const known = JSON.parse(text) as Record<string, unknown>;
    return [known.type, known.message].filter(Boolean).join(": ") || text;
  } catch {
    return text.trim().split("\n").at(-1) ?? text;
  }
}

function About({ evaluation }: { evaluation: EvaluationDetail }) {
  const { t } = useTranslation();
  return (
    <Scroll>
      <Card title={t("evaluations.about")}>
        <Facts
          facts={[
            [t("evaluations.description"), evaluation.description],
            [t("evaluations.definition"), <RefLink key="e" of={evaluation.evaluation} />],
            [t("evaluations.model"), <RefLink key="m" of={evaluation.model} />],
            [t("evaluations.dataset"), <RefLink key="d" of={evaluation.dataset} />],
            [
              t("evaluations.scorers"),
              <span key="s" className={styles.refs}>
                {evaluation.scorers.map((scorer) => (
                  <RefLink key={scorer.ref} of={scorer} />
                ))}
              </span>,
            ],
            [
              t("evaluations.rowsSeen"),
              `${evaluation.rows.toLocaleString()} / ${evaluation.dataset_rows?.toLocaleString() ?? "?"}`,
            ],
            [t("evaluations.trials"), evaluation.trials],
            [t("evaluations.user"), evaluation.user],
          ]}
        />
      </Card>
      {evaluation.client_summary !== null && (
        <Card title={t("evaluations.clientSummary")}>
          <pre className={styles.json}>{JSON.stringify(evaluation.client_summary, null, 2)}</pre>
        </Card>
      )}
    </Scroll>
  );
}
