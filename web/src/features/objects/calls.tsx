import { useInfiniteQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import { callListQuery } from "@/api/calls";
import type { ObjectAt } from "@/api/objects";
import type { ObjectVersionDetail } from "@/api/types";
import { Failure } from "@/features/failure";
import { CallTable } from "@/features/traces/table";
import { useParam } from "@/features/url";
import { Segmented } from "@/ui/field";
import { Blank, Toolbar } from "@/ui/page";
import { SkeletonRows } from "@/ui/states";

/** Calls of an op, or with the object among their inputs. */
export function ObjectCalls({ at, version }: { at: ObjectAt; version: ObjectVersionDetail }) {
  const { t } = useTranslation();
  const { entity, project } = at;
  const [of, setOf] = useParam("of", "version");
  const [sort, setSort] = useParam("sort");
  const ref =
    of === "all" ? `${version.ref.slice(0, version.ref.lastIndexOf(":"))}:*` : version.ref;
  const search = { filter: "", roots: false, sort, since: null, until: null, ref };
  const list = useInfiniteQuery(callListQuery(entity, project, search));
  const calls = useMemo(() => list.data?.pages.flatMap((page) => page.items) ?? [], [list.data]);
  const body = () => {
    if (list.isPending) return <SkeletonRows rows={10} label={t("common.loading")} />;
    if (list.isError) {
      return <Failure title={t("traces.error")} error={list.error} onRetry={list.refetch} />;
    }
    if (calls.length === 0) {
      return (
        <Blank icon="branch" title={t("objects.noCalls")}>
          {t("objects.noCallsText")}
        </Blank>
      );
    }
    return (
      <CallTable
        entity={entity}
        project={project}
        calls={calls}
        hasMore={list.hasNextPage}
        loadMore={() => !list.isFetchingNextPage && void list.fetchNextPage()}
        sort={sort}
        onSort={(next) => setSort(next === "-started_at" ? "" : next)}
      />
    );
  };
  return (
    <>
      <Toolbar>
        <Segmented
          label={t("objects.callsOf")}
          value={of === "all" ? "all" : "version"}
          options={[
            { value: "version", label: t("objects.thisVersion") },
            { value: "all", label: t("objects.allVersions") },
          ]}
          onValue={setOf}
        />
      </Toolbar>
      {body()}
    </>
  );
}
