import { useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import type { ObjectVersionDetail } from "@/api/types";
import { ValueTree } from "@/features/run/value-tree";
import { flatten } from "@/lib/flatten";
import { readReference } from "@/lib/object-links";
import { CopyButton } from "@/ui/copy";
import { SearchInput } from "@/ui/field";
import { Card, Facts } from "@/ui/page";
import { ReferenceLink } from "./category";
import styles from "./objects.module.css";

/** Marks that the client needs to build its objects again. */
const inner = new Set(["_type", "_class_name", "_bases"]);

/** The fields that the author of an object gave it. */
export function fieldsOf(value: unknown): Record<string, unknown> {
  if (value === null || typeof value !== "object" || Array.isArray(value)) return { value };
  return Object.fromEntries(Object.entries(value).filter(([key]) => !inner.has(key)));
}

/** The value of a version, with what it refers to as links. */
export function ObjectValues({ version }: { version: ObjectVersionDetail }) {
  const { t } = useTranslation();
  const [search, setSearch] = useState("");
  const fields = useMemo(() => fieldsOf(version.value), [version.value]);
  const references = useMemo(
    () =>
      flatten(fields).filter(
        ([, value]) => typeof value === "string" && readReference(value)?.kind !== "table",
      ),
    [fields],
  );
  const links = references.filter(([, value]) => readReference(value) !== null);
  const text = JSON.stringify(version.value, null, 2);
  return (
    <>
      {links.length > 0 && (
        <Card title={t("objects.refersTo")} count={links.length}>
          <Facts
            facts={links.map(([path, value]) => [
              path,
              <ReferenceLink key={path} text={String(value)} />,
            ])}
          />
        </Card>
      )}
      <Card
        title={t("objects.tab.values")}
        actions={<CopyButton text={text} label={t("common.copy")} done={t("common.copied")} />}
      >
        {text.length > 1_000 && (
          <div className={styles.search}>
            <SearchInput label={t("common.search")} value={search} onValue={setSearch} />
          </div>
        )}
        <ValueTree values={fields} search={search} />
      </Card>
      <Card title={t("objects.about")}>
        <Facts
          facts={[
            [t("objects.digest"), <code key="digest">{version.digest}</code>],
            [t("objects.reference"), <code key="ref">{version.ref}</code>],
            [t("objects.class"), version.leaf_class],
            [t("objects.base"), version.base_class],
          ]}
        />
      </Card>
    </>
  );
}
