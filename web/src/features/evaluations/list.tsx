import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useParams } from "@tanstack/react-router";
import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import type { Evaluation } from "@/api/evaluations";
import { evaluationGroupsQuery, evaluationListQuery } from "@/api/evaluations";
import { projectQuery } from "@/api/projects";
import { Failure } from "@/features/failure";
import { MissingProject, useMissing } from "@/features/missing";
import { Moment } from "@/features/moment";
import { usePageTitle } from "@/features/title";
import { useParam } from "@/features/url";
import { formatDuration } from "@/lib/format";
import { formatCost, formatMean } from "@/lib/score";
import type { Params } from "@/lib/view";
import { Button } from "@/ui/button";
import { CodeBlock } from "@/ui/code";
import { Checkbox, SearchInput, Segmented, Select } from "@/ui/field";
import { Blank, Grow, Page, PageBody, Toolbar } from "@/ui/page";
import { SkeletonRows } from "@/ui/states";
import { useDraft } from "@/ui/use-debounced";
import styles from "./evaluations.module.css";
import { useLiveEvaluations } from "./live";
import { EvaluationProgress, EvaluationStatus, nameOfRef, RefLink } from "./parts";

const FIGURES = 6;
const MOST_COMPARED = 10;

/** Evaluations of a project, put together by what they are about. */
export function EvaluationsPage() {
  const { t } = useTranslation();
  const { entity, project } = useParams({ from: "/inside/$entity/$project/evaluations" });
  const navigate = useNavigate();
  const [search, setSearch] = useParam("q");
  const [status, setStatus] = useParam("status");
  const [model, setModel] = useParam("model");
  const [dataset, setDataset] = useParam("dataset");
  const [group, setGroup] = useParam("group", "dataset");
  const [chosen, setChosen] = useParam("e");
  const [draft, setDraft] = useDraft(search, setSearch);
  const info = useQuery(projectQuery(entity, project));
  const missing = useMissing(info, `${entity}/${project}`);
  const asked = { search, status, model, dataset, sort: "" };
  const list = useInfiniteQuery(evaluationListQuery(entity, project, asked));
  const models = useQuery(evaluationGroupsQuery(entity, project, "model"));
  const datasets = useQuery(evaluationGroupsQuery(entity, project, "dataset"));
  useLiveEvaluations(entity, project);
  usePageTitle(t("evaluations.title"), project);
  const items = useMemo(() => list.data?.pages.flatMap((page) => page.items) ?? [], [list.data]);
  const selected = chosen === "" ? [] : chosen.split(",");
  const select = (id: string, on: boolean) =>
    setChosen((on ? [...selected, id] : selected.filter((one) => one !== id)).join(","));

  if (missing) return <MissingProject entity={entity} project={project} />;
  const narrowed = search !== "" || status !== "" || model !== "" || dataset !== "";
  const body = () => {
    if (list.isPending) return <SkeletonRows rows={10} label={t("common.loading")} />;
    if (list.isError) {
      return <Failure title={t("evaluations.error")} error={list.error} onRetry={list.refetch} />;
    }
    if (items.length === 0 && !narrowed) {
      return <FirstEvaluation entity={entity} project={project} />;
    }
    if (items.length === 0) {
      return (
        <Blank icon="search" title={t("evaluations.noMatch")}>
          {t("evaluations.noMatchText")}
        </Blank>
      );
    }
    return (
      // biome-ignore lint/a11y/noNoninteractiveTabindex: keys can scroll it
      <section className={styles.box} tabIndex={0} aria-label={t("evaluations.title")}>
        <EvaluationTable
          entity={entity}
          project={project}
          items={items}
          group={group === "model" || group === "none" ? group : "dataset"}
          selected={selected}
          onSelect={select}
        />
        {list.hasNextPage && (
          <Button
            size="s"
            variant="ghost"
            busy={list.isFetchingNextPage}
            onClick={() => void list.fetchNextPage()}
          >
            {t("evaluations.more")}
          </Button>
        )}
      </section>
    );
  };
  const refs = (groups: typeof models.data) =>
    (groups ?? []).map(({ ref, evaluations }) => ({
      value: ref.digest ? `${ref.name}:${ref.digest}` : ref.name,
      label: `${nameOfRef(ref)} (${evaluations})`,
    }));
  return (
    <Page>
      <h1 className="visually-hidden">{t("evaluations.title")}</h1>
      <Toolbar>
        <div data-search className={styles.search}>
          <SearchInput
            label={t("evaluations.search")}
            placeholder={t("evaluations.search")}
            value={draft}
            onValue={setDraft}
          />
        </div>
        <Choice
          label={t("evaluations.model")}
          any={t("evaluations.anyModel")}
          value={model}
          options={refs(models.data)}
          onValue={setModel}
        />
        <Choice
          label={t("evaluations.dataset")}
          any={t("evaluations.anyDataset")}
          value={dataset}
          options={refs(datasets.data)}
          onValue={setDataset}
        />
        <Choice
          label={t("evaluations.statusLabel")}
          any={t("evaluations.anyStatus")}
          value={status}
          options={(["running", "stalled", "completed", "failed"] as const).map((one) => ({
            value: one,
            label: t(`evaluations.status.${one}`),
          }))}
          onValue={setStatus}
        />
        <Segmented
          label={t("evaluations.groupBy")}
          value={group === "model" || group === "none" ? group : "dataset"}
          options={[
            { value: "dataset", label: t("evaluations.byDataset") },
            { value: "model", label: t("evaluations.byModel") },
            { value: "none", label: t("evaluations.byNothing") },
          ]}
          onValue={setGroup}
        />
        <Grow />
        {selected.length > 0 && (
          <>
            <span aria-live="polite">{t("objects.selected", { count: selected.length })}</span>
            <Button size="s" variant="ghost" onClick={() => setChosen("")}>
              {t("common.clear")}
            </Button>
          </>
        )}
        <Button
          size="s"
          variant={selected.length > 1 ? "primary" : "default"}
          icon="compare"
          disabled={selected.length < 2 || selected.length > MOST_COMPARED}
          title={t("evaluations.compareHint", { most: MOST_COMPARED })}
          onClick={() =>
            navigate({
              to: "/$entity/$project/comparison",
              params: { entity, project },
              search: { e: selected.join(",") } as Params,
            })
          }
        >
          {t("evaluations.compare")}
        </Button>
      </Toolbar>
      <PageBody>{body()}</PageBody>
    </Page>
  );
}

function Choice({
  label,
  any,
  value,
  options,
  onValue,
}: {
  label: string;
  any: string;
  value: string;
  options: readonly { value: string; label: string }[];
  onValue: (value: string) => void;
}) {
  return (
    <Select label={label} value={value} onChange={(event) => onValue(event.target.value)}>
      <option value="">{any}</option>
      {value !== "" && !options.some((one) => one.value === value) && <option>{value}</option>}
      {options.map((one) => (
        <option key={one.value} value={one.value}>
          {one.label}
        </option>
      ))}
    </Select>
  );
}

type Group = "dataset" | "model" | "none";

function groupsOf(items: readonly Evaluation[], group: Group): [string, Evaluation[]][] {
  if (group === "none") return [["", [...items]]];
  const groups = new Map<string, Evaluation[]>();
  for (const item of items) {
    const key = item[group]?.ref ?? "";
    groups.set(key, [...(groups.get(key) ?? []), item]);
  }
  return [...groups];
}

/** Evaluations in groups, each with its progress and what its client has computed. */
export function EvaluationTable({
  entity,
  project,
  items,
  group,
  selected,
  onSelect,
}: {
  entity: string;
  project: string;
  items: readonly Evaluation[];
  group: Group;
  selected: readonly string[];
  onSelect: (id: string, on: boolean) => void;
}) {
  const { t, i18n } = useTranslation();
  const figures = useMemo(() => commonFigures(items), [items]);
  const groups = useMemo(() => groupsOf(items, group), [items, group]);
  const columns = figures.length + 9;
  return (
    <table className={styles.list}>
      <thead>
        <tr>
          <th scope="col">
            <span className="visually-hidden">{t("evaluations.choose")}</span>
          </th>
          <th scope="col">{t("evaluations.name")}</th>
          {group !== "model" && <th scope="col">{t("evaluations.model")}</th>}
          {group !== "dataset" && <th scope="col">{t("evaluations.dataset")}</th>}
          <th scope="col">{t("evaluations.progress")}</th>
          {figures.map((label) => (
            <th key={label} scope="col" data-numeric title={label}>
              {label}
            </th>
          ))}
          <th scope="col" data-numeric>
            {t("evaluations.tokens")}
          </th>
          <th scope="col" data-numeric>
            {t("evaluations.cost")}
          </th>
          <th scope="col" data-numeric>
            {t("evaluations.duration")}
          </th>
          <th scope="col">{t("evaluations.started")}</th>
        </tr>
      </thead>
      {groups.map(([key, own]) => (
        <tbody key={key}>
          {group !== "none" && (
            <tr className={styles.group}>
              <th scope="rowgroup" colSpan={columns}>
                <span>{t(`evaluations.${group}`)}</span>
                <RefLink of={own[0]?.[group] ?? null} />
                <span className="muted">{t("evaluations.count", { count: own.length })}</span>
              </th>
            </tr>
          )}
          {own.map((one) => (
            <tr key={one.id} data-chosen={selected.includes(one.id) || undefined}>
              <td>
                <Checkbox
                  checked={selected.includes(one.id)}
                  onChecked={(on) => onSelect(one.id, on)}
                  aria-label={t("objects.selectCall", { name: one.name })}
                />
              </td>
              <td className={styles.nameCell}>
                <EvaluationStatus evaluation={one} words={false} />
                <Link
                  to="/$entity/$project/evaluations/$evaluation"
                  params={{ entity, project, evaluation: one.id }}
                  className="truncate"
                >
                  {one.name}
                </Link>
              </td>
              {group !== "model" && (
                <td>
                  <RefLink of={one.model} />
                </td>
              )}
              {group !== "dataset" && (
                <td>
                  <RefLink of={one.dataset} />
                </td>
              )}
              <td>
                <EvaluationProgress evaluation={one} />
              </td>
              {figures.map((label) => {
                const figure = one.summary.find((each) => each.label === label);
                return (
                  <td key={label} data-numeric>
                    {figure
                      ? formatMean(
                          { name: figure.metric ?? label, label, type: figure.type },
                          figure.value,
                        )
                      : "–"}
                  </td>
                );
              })}
              <td data-numeric>{one.tokens?.toLocaleString() ?? "–"}</td>
              <td data-numeric>{one.cost === null ? "–" : formatCost(one.cost)}</td>
              <td data-numeric>
                {one.duration_s === null ? "–" : formatDuration(one.duration_s, i18n.language)}
              </td>
              <td>
                <Moment at={one.started_at} />
              </td>
            </tr>
          ))}
        </tbody>
      ))}
    </table>
  );
}

/** The figures that most of the evaluations have. */
function commonFigures(items: readonly Evaluation[]): string[] {
  const counts = new Map<string, number>();
  for (const item of items) {
    for (const { label } of item.summary) counts.set(label, (counts.get(label) ?? 0) + 1);
  }
  return [...counts]
    .sort((a, b) => b[1] - a[1])
    .slice(0, FIGURES)
    .map(([label]) => label);
}

function FirstEvaluation({ entity, project }: { entity: string; project: string }) {
  const { t } = useTranslation();
  return (
    <Blank icon="check" title={t("evaluations.emptyTitle")}>
      <p>{t("evaluations.emptyText")}</p>
      <div className={styles.first}>
        <CodeBlock
          label="weave"
          text={[
            `export WANDB_BASE_URL=${window.location.origin}`,
            "",
            "import asyncio, weave",
            `weave.init("${entity}/${project}")`,
            "",
            "@weave.op",
            "def exact(expected, output): return {'right': expected == output}",
            "",
            "evaluation = weave.Evaluation(dataset=rows, scorers=[exact])",
            "asyncio.run(evaluation.evaluate(model))",
          ].join("\n")}
        />
      </div>
    </Blank>
  );
}
