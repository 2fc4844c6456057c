import { useInfiniteQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { evaluationListQuery } from "@/api/evaluations";
import type { ObjectHome } from "@/api/objects";
import type { ObjectVersionDetail } from "@/api/types";
import styles from "@/features/evaluations/evaluations.module.css";
import { EvaluationTable } from "@/features/evaluations/list";
import { Failure } from "@/features/failure";
import { useParam } from "@/features/url";
import { Blank } from "@/ui/page";
import { SkeletonRows } from "@/ui/states";

/** Evaluations of a model, or on a dataset. */
export function ObjectEvaluations({
  at,
  version,
}: {
  at: ObjectHome;
  version: ObjectVersionDetail;
}) {
  const { t } = useTranslation();
  const [chosen, setChosen] = useParam("e");
  const name = `${version.name}:${version.digest}`;
  const asked = { search: "", status: "", model: "", dataset: "", sort: "" };
  const isModel = version.category === "model";
  const list = useInfiniteQuery(
    evaluationListQuery(
      at.entity,
      at.project,
      isModel ? { ...asked, model: name } : { ...asked, dataset: name },
    ),
  );
  if (list.isPending) return <SkeletonRows rows={6} label={t("common.loading")} />;
  if (list.isError) {
    return <Failure title={t("evaluations.error")} error={list.error} onRetry={list.refetch} />;
  }
  const items = list.data.pages.flatMap((page) => page.items);
  if (items.length === 0) {
    return (
      <Blank icon="star" title={t("evaluations.emptyTitle")}>
        {t("evaluations.noneOfVersion")}
      </Blank>
    );
  }
  const selected = chosen === "" ? [] : chosen.split(",");
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: keys can scroll it
    <section className={styles.box} tabIndex={0} aria-label={t("evaluations.title")}>
      <EvaluationTable
        {...at}
        items={items}
        group={isModel ? "dataset" : "model"}
        selected={selected}
        onSelect={(id, on) =>
          setChosen((on ? [...selected, id] : selected.filter((one) => one !== id)).join(","))
        }
      />
    </section>
  );
}
