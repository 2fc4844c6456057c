import { useId } from "react";
import { useTranslation } from "react-i18next";
import { ApiError } from "@/api/http";
import { useParam } from "@/features/url";
import { IconButton } from "@/ui/button";
import { SearchInput } from "@/ui/field";
import { useDraft } from "@/ui/use-debounced";
import styles from "./evaluations.module.css";

/** A search in inputs and outputs, and a filter by any field of the rows. */
export function RowFilters({ fields, error }: { fields: readonly string[]; error: Error | null }) {
  const { t } = useTranslation();
  const list = useId();
  const problem = useId();
  const [search, setSearch] = useParam("q");
  const [filter, setFilter] = useParam("filter");
  const [words, setWords] = useDraft(search, setSearch);
  const [draft, setDraft] = useDraft(filter, setFilter, 400);
  const refused = error instanceof ApiError && error.status === 400 ? error : null;
  return (
    <>
      <div data-search className={styles.search}>
        <SearchInput
          label={t("evaluations.searchRows")}
          placeholder={t("evaluations.searchRows")}
          value={words}
          onValue={setWords}
        />
      </div>
      <div className={styles.filter}>
        <SearchInput
          icon="filter"
          label={t("traces.filter")}
          placeholder={t("evaluations.filterPlaceholder")}
          value={draft}
          onValue={setDraft}
          invalid={refused !== null}
          aria-describedby={refused ? problem : undefined}
          list={list}
          style={{ fontFamily: "var(--mono)", fontSize: 12 }}
          end={
            draft !== "" && (
              <IconButton
                icon="close"
                size="s"
                label={t("common.clear")}
                onClick={() => setDraft("")}
              />
            )
          }
        />
        <datalist id={list}>
          {fields.map((field) => (
            <option key={field} value={field} />
          ))}
        </datalist>
        {refused && (
          <p id={problem} className={styles.problem} role="alert">
            {refused.message} {refused.hint}
          </p>
        )}
      </div>
    </>
  );
}
