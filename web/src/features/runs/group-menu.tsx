import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { Grouping } from "@/lib/view";
import { ungrouped } from "@/lib/view";
import { Button, IconButton } from "@/ui/button";
import { Checkbox, SearchInput, Segmented } from "@/ui/field";
import { Popover } from "@/ui/menu";
import { useColumnLabel } from "./labels";
import styles from "./runs.module.css";

const LISTED = 100;
const MOST = 4;
const attributes = ["group", "job_type", "state", "user", "host"];

/** Chooses what runs are put together by. */
export function GroupMenu({
  group,
  fields,
  onGroup,
  except = false,
  small = false,
}: {
  group: Grouping;
  fields: { config: readonly string[]; summary: readonly string[] };
  onGroup: (group: Grouping) => void;
  /** Offers “everything except …” too, as for seeds. */
  except?: boolean;
  /** Only an icon. */
  small?: boolean;
}) {
  const { t } = useTranslation();
  const labelOf = useColumnLabel();
  const [search, setSearch] = useState("");
  const config = fields.config.map((field) => `config.${field}`);
  const offered = group.except ? config : [...attributes, ...config];
  const words = search.toLowerCase();
  const shown = offered.filter((field) =>
    `${field} ${labelOf(field).short}`.toLowerCase().includes(words),
  );
  const isOn = group.fields.length > 0 || group.except;
  const set = (field: string, on: boolean) =>
    onGroup({
      ...group,
      fields: on ? [...group.fields, field] : group.fields.filter((other) => other !== field),
    });
  return (
    <Popover
      align="end"
      width={320}
      trigger={
        small ? (
          <IconButton icon="group" size="s" label={t("table.groupBy")} pressed={isOn} />
        ) : (
          <Button icon="group" pressed={isOn || undefined}>
            {isOn ? t("table.groupedBy", { count: group.fields.length }) : t("table.group")}
          </Button>
        )
      }
    >
      <div className={styles.chooser}>
        {except && (
          <Segmented<"by" | "except">
            label={t("table.groupBy")}
            value={group.except ? "except" : "by"}
            options={[
              { value: "by", label: t("table.groupBy") },
              { value: "except", label: t("table.groupExcept") },
            ]}
            onValue={(way) =>
              onGroup({
                except: way === "except",
                fields: way === "except" ? config.filter((field) => /seed/i.test(field)) : [],
              })
            }
          />
        )}
        <SearchInput
          label={t("table.searchColumns")}
          placeholder={t("table.searchColumns")}
          value={search}
          onValue={setSearch}
        />
        <div className={styles.choices}>
          <fieldset>
            <legend className="visually-hidden">{t("table.groupBy")}</legend>
            {shown.slice(0, LISTED).map((field) => (
              <Checkbox
                key={field}
                checked={group.fields.includes(field)}
                disabled={
                  !group.except && !group.fields.includes(field) && group.fields.length >= MOST
                }
                onChecked={(on) => set(field, on)}
              >
                <span className="truncate" title={field}>
                  {attributes.includes(field) ? labelOf(field).short : field}
                </span>
              </Checkbox>
            ))}
          </fieldset>
          {shown.length === 0 && <p className="muted">{t("table.noColumn")}</p>}
        </div>
        {isOn && (
          <Button size="s" variant="ghost" onClick={() => onGroup(ungrouped)}>
            {t("table.ungroup")}
          </Button>
        )}
      </div>
    </Popover>
  );
}
