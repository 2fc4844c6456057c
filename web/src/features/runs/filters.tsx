import { useQuery } from "@tanstack/react-query";
import { useCallback, useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { runFieldsQuery } from "@/api/runs";
import { FilterField } from "@/features/filters/field";
import type { RunList } from "@/features/run-list";
import { printField } from "@/lib/filter-tree";
import type { RunsView } from "@/lib/view";
import { SearchInput, SearchToggle } from "@/ui/field";
import { useDraft } from "@/ui/use-debounced";
import styles from "./filters.module.css";

/** Search by name, and a typed filter with the server's complaint below it. */
export function RunFilters({
  entity,
  project,
  view,
  change,
  list,
  inline = false,
}: {
  entity: string;
  project: string;
  view: RunsView;
  change: (part: Partial<RunsView>) => void;
  list: RunList;
  /** Side by side instead of one above the other. */
  inline?: boolean;
}) {
  const { t } = useTranslation();
  const onSearch = useCallback((search: string) => change({ search }), [change]);
  const [search, setSearch] = useDraft(view.search, onSearch);
  return (
    <div className={styles.filters} data-inline={inline || undefined}>
      <div data-search className={styles.search}>
        <SearchInput
          label={t("runs.search")}
          placeholder={t("runs.search")}
          value={search}
          onValue={setSearch}
          end={
            <SearchToggle
              label={t("common.regex")}
              pressed={view.regex}
              onPressed={(regex) => change({ regex })}
            >
              .*
            </SearchToggle>
          }
        />
      </div>
      <RunFilterField entity={entity} project={project} view={view} change={change} list={list} />
    </div>
  );
}

const EXAMPLES = [
  'state = "running"',
  "config.lr > 0.001 and summary.loss < 0.5",
  'tags contains "baseline"',
  'display_name ~ "^resnet"',
  "summary.acc exists and not group = null",
  'group in ["a", "b"]',
];

const ATTRIBUTES = [
  "name",
  "display_name",
  "state",
  "group",
  "job_type",
  "user",
  "host",
  "notes",
  "tags",
  "created_at",
  "updated_at",
  "heartbeat_at",
  "finished_at",
  "duration",
  "history_lines",
];

const STATES = [
  "pending",
  "running",
  "finished",
  "failed",
  "crashed",
  "killed",
  "preempting",
  "preempted",
];

function RunFilterField({
  entity,
  project,
  view,
  change,
  list,
}: {
  entity: string;
  project: string;
  view: RunsView;
  change: (part: Partial<RunsView>) => void;
  list: RunList;
}) {
  const { t } = useTranslation();
  const [asked, setAsked] = useState(false);
  const onFilter = useCallback((filter: string) => change({ filter }), [change]);
  const config = useQuery({ ...runFieldsQuery(entity, project, "config"), enabled: asked });
  const summary = useQuery({ ...runFieldsQuery(entity, project, "summary"), enabled: asked });
  const fields = useMemo(
    () => ({
      names: [
        ...ATTRIBUTES,
        ...named("config", config.data ?? []),
        ...named("summary", summary.data ?? []),
      ],
      values: { state: STATES },
      lists: ["tags"],
    }),
    [config.data, summary.data],
  );
  return (
    <FilterField
      label={t("runs.filter")}
      placeholder={t("runs.filterPlaceholder")}
      value={view.filter}
      problem={list.filterError}
      fields={fields}
      examples={EXAMPLES}
      onFilter={onFilter}
      onAsked={() => setAsked(true)}
    />
  );
}

/** Keys of a document as a filter names them. */
const named = (root: string, keys: readonly string[]) =>
  keys.map((key) => printField([root, ...key.replace(`${root}.`, "").split(".")]));
