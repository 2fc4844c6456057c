import { useQuery } from "@tanstack/react-query";
import { useCallback, useId, useState } from "react";
import { useTranslation } from "react-i18next";
import { runFieldsQuery } from "@/api/runs";
import type { RunList } from "@/features/run-list";
import { completions } from "@/lib/complete";
import type { RunsView } from "@/lib/view";
import { IconButton } from "@/ui/button";
import { SearchInput, SearchToggle } from "@/ui/field";
import { Icon } from "@/ui/icon";
import { Popover } from "@/ui/menu";
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
      <FilterField entity={entity} project={project} view={view} change={change} list={list} />
    </div>
  );
}

const examples = [
  'state = "running"',
  "config.lr > 0.001 and summary.loss < 0.5",
  'tags contains "baseline"',
  'display_name ~ "^resnet"',
  "summary.acc exists and not group = null",
  'group in ["a", "b"]',
];

function FilterField({
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
  const suggestions = useId();
  const errorId = useId();
  const [asked, setAsked] = useState(false);
  const onFilter = useCallback((filter: string) => change({ filter }), [change]);
  const [filter, setFilter] = useDraft(view.filter, onFilter, 400);
  const config = useQuery({ ...runFieldsQuery(entity, project, "config"), enabled: asked });
  const summary = useQuery({ ...runFieldsQuery(entity, project, "summary"), enabled: asked });
  const fields = [
    ...(config.data ?? []).map((field) => `config.${field.replace(/^config\./, "")}`),
    ...(summary.data ?? []).map((field) => `summary.${field.replace(/^summary\./, "")}`),
  ];
  const problem = view.filter === filter ? list.filterError : null;
  return (
    <div className={styles.filter}>
      <SearchInput
        icon="filter"
        label={t("runs.filter")}
        placeholder={t("runs.filterPlaceholder")}
        value={filter}
        onValue={setFilter}
        invalid={problem !== null}
        aria-describedby={problem ? errorId : undefined}
        list={suggestions}
        onFocus={() => setAsked(true)}
        style={{ fontFamily: "var(--mono)", fontSize: 12 }}
        end={
          <>
            {filter !== "" && (
              <IconButton
                icon="close"
                size="s"
                label={t("common.clear")}
                onClick={() => setFilter("")}
              />
            )}
            <Popover
              align="end"
              width={380}
              trigger={
                <button type="button" className={styles.help} aria-label={t("runs.filterHelp")}>
                  <Icon name="help" size={14} />
                </button>
              }
            >
              <h3>{t("runs.filterHelp")}</h3>
              <p className={styles.text}>{t("runs.filterExamples")}</p>
              <ul className={styles.examples}>
                {examples.map((example) => (
                  <li key={example}>
                    <button type="button" onClick={() => setFilter(example)}>
                      <code>{example}</code>
                    </button>
                  </li>
                ))}
              </ul>
            </Popover>
          </>
        }
      />
      <datalist id={suggestions}>
        {completions(filter, fields).map((text) => (
          <option key={text} value={text} />
        ))}
      </datalist>
      {problem && (
        <p id={errorId} className={styles.problem} role="alert">
          {problem.message}
          {problem.hint && <span> {problem.hint}</span>}
        </p>
      )}
    </div>
  );
}
