import { useId, useState } from "react";
import { useTranslation } from "react-i18next";
import type { ApiError } from "@/api/http";
import { completions } from "@/lib/complete";
import { IconButton } from "@/ui/button";
import { SearchInput } from "@/ui/field";
import { Icon } from "@/ui/icon";
import { Popover } from "@/ui/menu";
import { useDraft } from "@/ui/use-debounced";
import type { FilterFields } from "./builder";
import { FilterBuilder } from "./builder";
import styles from "./filters.module.css";

/** A typed filter, with the form that writes it, and the server's complaint below. */
export function FilterField({
  label,
  placeholder,
  value,
  problem,
  fields,
  examples,
  onFilter,
  onAsked,
}: {
  label: string;
  placeholder: string;
  value: string;
  problem: Pick<ApiError, "message" | "hint"> | null;
  fields: FilterFields;
  /** Filters that the help offers. */
  examples: readonly string[];
  onFilter: (filter: string) => void;
  /** Names of fields are wanted. */
  onAsked?: () => void;
}) {
  const { t } = useTranslation();
  const suggestions = useId();
  const errorId = useId();
  const [building, setBuilding] = useState(false);
  const [draft, setDraft] = useDraft(value, onFilter, 400);
  const wrong = value === draft ? problem : null;
  return (
    <div className={styles.filter}>
      <SearchInput
        icon="filter"
        label={label}
        placeholder={placeholder}
        value={draft}
        onValue={setDraft}
        invalid={wrong !== null}
        aria-describedby={wrong ? errorId : undefined}
        list={suggestions}
        onFocus={onAsked}
        style={{ fontFamily: "var(--mono)", fontSize: 12 }}
        end={
          <>
            {draft !== "" && (
              <IconButton
                icon="close"
                size="s"
                label={t("common.clear")}
                onClick={() => setDraft("")}
              />
            )}
            <Popover
              align="end"
              width={560}
              open={building}
              onOpen={(open) => {
                setBuilding(open);
                onAsked?.();
              }}
              trigger={
                <button type="button" className={styles.help} aria-label={t("filters.build")}>
                  <Icon name="sliders" size={14} />
                </button>
              }
            >
              <h3>{t("filters.build")}</h3>
              <FilterBuilder text={draft} fields={fields} onText={setDraft} />
            </Popover>
            <Popover
              align="end"
              width={380}
              trigger={
                <button type="button" className={styles.help} aria-label={t("filters.help")}>
                  <Icon name="help" size={14} />
                </button>
              }
            >
              <h3>{t("filters.help")}</h3>
              <p className={styles.text}>{t("filters.examples")}</p>
              <ul className={styles.examples}>
                {examples.map((example) => (
                  <li key={example}>
                    <button type="button" onClick={() => setDraft(example)}>
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
        {completions(draft, fields.names).map((text) => (
          <option key={text} value={text} />
        ))}
      </datalist>
      {wrong && (
        <p id={errorId} className={styles.problem} role="alert">
          {wrong.message}
          {wrong.hint && <span> {wrong.hint}</span>}
        </p>
      )}
    </div>
  );
}
