import { useQueries, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { RunGroup } from "@/api/runs";
import { runGroupsQuery, runSearchQuery, searchRuns } from "@/api/runs";
import { combineFilter, quote } from "@/lib/filter";
import { formatValue } from "@/lib/format";
import type { RunsView } from "@/lib/view";
import type { Line } from "./table";

/** Runs of an opened group that are listed below it; the others by filtering. */
const MEMBERS = 100;

/** The filter that keeps the runs of a group. */
export function memberFilter(by: readonly string[], values: RunGroup["values"]): string {
  return by
    .map((field, index) => {
      const value = values[index] ?? null;
      if (value === null) return `not (${isSomething(field)})`;
      return `${field} = ${typeof value === "string" ? quote(value) : String(value)}`;
    })
    .join(" and ");
}

/** A group of nothing also holds lists and objects, which are no single value. */
const isSomething = (field: string) =>
  `${field} = true or ${field} = false or ${field} <= 0 or ${field} >= 0 or ${field} >= ""`;

interface Groups {
  lines: Line[];
  total: number;
  isLoading: boolean;
  error: Error | null;
  retry: () => void;
  toggle: (id: string) => void;
}

/** The groups of a view as lines, with the runs of those that are opened. */
export function useGroups(
  entity: string,
  project: string,
  view: RunsView,
  by: readonly string[],
  measures: readonly string[],
  onOnly: (filter: string) => void,
): Groups {
  const { t } = useTranslation();
  const [open, setOpen] = useState<readonly string[]>([]);
  const filter = combineFilter(view);
  const found = useQuery({
    ...runGroupsQuery(entity, project, { by, filter, measures }),
    enabled: by.length > 0,
  });
  const groups = found.data?.items ?? [];
  const idOf = (group: RunGroup) => JSON.stringify(group.values);
  const opened = groups.filter((group) => open.includes(idOf(group)));
  const filterOf = (group: RunGroup) => {
    const own = memberFilter(by, group.values);
    return filter ? `(${filter}) and ${own}` : own;
  };
  const sort = view.sort.length > 0 ? view.sort : [{ field: "created_at", descending: true }];
  const members = useQueries({
    queries: opened.map((group) => {
      const search = { filter: filterOf(group), sort };
      return {
        queryKey: [...runSearchQuery(entity, project, search, MEMBERS).queryKey, "members"],
        queryFn: ({ signal }: { signal: AbortSignal }) =>
          searchRuns(entity, project, search, { limit: MEMBERS, cursor: null }, signal),
      };
    }),
  });
  const lines = groups.flatMap((group): Line[] => {
    const id = idOf(group);
    const at = opened.indexOf(group);
    const label = by
      .map((field, index) => `${short(field)}: ${formatValue(group.values[index])}`)
      .join(" · ");
    const head: Line = { kind: "group", id, label, group, open: at >= 0 };
    if (at < 0) return [head];
    const page = members[at]?.data;
    if (!page) return [head, { kind: "waiting" }];
    const runs = page.items.map((run): Line => ({ kind: "run", run, nested: true }));
    if (page.cursor === null) return [head, ...runs];
    const text = t("table.onlyGroup", { count: page.total });
    return [head, ...runs, { kind: "more", id, text, onOpen: () => onOnly(filterOf(group)) }];
  });
  return {
    lines,
    total: found.data?.total ?? 0,
    isLoading: found.isPending,
    error: found.error,
    retry: () => void found.refetch(),
    toggle: (id) =>
      setOpen((now) => (now.includes(id) ? now.filter((other) => other !== id) : [...now, id])),
  };
}

const short = (field: string) => field.replace(/^(config|summary)\./, "");
