import { useState } from "react";
import { useTranslation } from "react-i18next";
import { searchRuns } from "@/api/runs";
import { useFailureToast } from "@/features/failure";
import { columnValue } from "@/lib/columns";
import { csvLine, saveFile } from "@/lib/csv";
import { combineFilter } from "@/lib/filter";
import type { RunsView } from "@/lib/view";
import { Button } from "@/ui/button";
import { toast } from "@/ui/toast";

const PAGE = 1000;

/** Saves every row that matches, not only those on the screen. */
export function ExportButton({
  entity,
  project,
  view,
  columns,
  total,
}: {
  entity: string;
  project: string;
  view: RunsView;
  columns: readonly string[];
  total: number;
}) {
  const { t } = useTranslation();
  const fail = useFailureToast();
  const [done, setDone] = useState<number | null>(null);
  const save = async () => {
    setDone(0);
    try {
      // Excel takes the mark at the beginning as a sign of UTF-8.
      const parts = ["\ufeff", csvLine(["id", "display_name", ...columns])];
      const sort = view.sort.length > 0 ? view.sort : [{ field: "created_at", descending: true }];
      const search = { filter: combineFilter(view), sort };
      let cursor: string | null = null;
      let count = 0;
      do {
        const page = await searchRuns(entity, project, search, { limit: PAGE, cursor });
        for (const run of page.items) {
          const values = columns.map((column) => columnValue(run, column));
          parts.push(csvLine([run.id, run.display_name, ...values]));
        }
        count += page.items.length;
        setDone(count);
        cursor = page.cursor;
      } while (cursor !== null);
      saveFile(`${project}-runs.csv`, parts, "text/csv;charset=utf-8");
      toast(t("table.exported", { count }));
    } catch (error) {
      fail(error);
    } finally {
      setDone(null);
    }
  };
  return (
    <Button icon="download" busy={done !== null} onClick={save}>
      {done === null ? t("table.export") : t("table.exporting", { done, total })}
    </Button>
  );
}
