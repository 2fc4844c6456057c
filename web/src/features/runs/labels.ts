import { useTranslation } from "react-i18next";
import { SPARK } from "@/lib/table-layout";

/** A column's heading: `short` for the cell, `full` for tooltips and files. */
export function useColumnLabel(): (column: string) => { short: string; full: string } {
  const { t } = useTranslation();
  const attributes: Record<string, string> = {
    display_name: t("table.name"),
    state: t("table.state"),
    created_at: t("table.created"),
    duration: t("table.duration"),
    user: t("table.user"),
    host: t("table.host"),
    group: t("table.group"),
    job_type: t("table.jobType"),
    tags: t("table.tags"),
    notes: t("table.notes"),
  };
  return (column) => {
    const known = attributes[column];
    if (known) return { short: known, full: known };
    if (column.startsWith(SPARK)) {
      const key = column.slice(SPARK.length);
      return { short: t("table.course", { key }), full: t("table.course", { key }) };
    }
    return { short: column.replace(/^(config|summary)\./, ""), full: column };
  };
}
