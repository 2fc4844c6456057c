import { useState } from "react";
import { useTranslation } from "react-i18next";
import { searchRuns } from "@/api/runs";
import type { Run } from "@/api/types";
import { useFailureToast } from "@/features/failure";
import { csvLine, saveFile } from "@/lib/csv";
import { combineFilter } from "@/lib/filter";
import { SPARK } from "@/lib/table-layout";
import type { RunsView } from "@/lib/view";
import { Button } from "@/ui/button";
import { copyText } from "@/ui/copy";
import { Menu, MenuItem, MenuLabel, MenuLine } from "@/ui/menu";
import { toast } from "@/ui/toast";
import type { Column } from "./columns";

const PAGE = 1000;
type Format = "csv" | "jsonl" | "parquet";

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
  columns: readonly Column[];
  total: number;
}) {
  const { t } = useTranslation();
  const fail = useFailureToast();
  const [done, setDone] = useState<number | null>(null);
  const search = {
    filter: combineFilter(view),
    sort: view.sort.length > 0 ? view.sort : [{ field: "created_at", descending: true }],
  };
  const saved = columns.filter((column) => !column.id.startsWith(SPARK));

  const save = async (format: Format) => {
    setDone(0);
    try {
      const writer = await writers[format](saved);
      let cursor: string | null = null;
      let count = 0;
      do {
        const page = await searchRuns(entity, project, search, { limit: PAGE, cursor });
        for (const run of page.items) writer.add(run);
        count += page.items.length;
        setDone(count);
        cursor = page.cursor;
      } while (cursor !== null);
      const { parts, type } = writer.end();
      saveFile(`${project}-runs.${format}`, parts, type);
      toast(t("table.exported", { count }));
    } catch (error) {
      fail(error);
    } finally {
      setDone(null);
    }
  };
  const copy = (text: string) =>
    copyText(text)
      .then(() => toast(t("common.copied")))
      .catch(fail);
  const path = `/api/v1/projects/${entity}/${project}/runs/search`;
  const body = JSON.stringify(search);
  const http = [
    `curl ${window.location.origin}${path} \\`,
    '  -H "Authorization: Bearer $KISEKI_API_KEY" -H "Content-Type: application/json" \\',
    `  -d '${body.replaceAll("'", "'\\''")}'`,
  ].join("\n");
  const python = [
    "import json, os, urllib.request",
    "",
    "request = urllib.request.Request(",
    `    ${JSON.stringify(window.location.origin + path)},`,
    `    data=json.dumps(json.loads(${JSON.stringify(body)})).encode(),`,
    "    headers={",
    `        "Authorization": f"Bearer {os.environ['KISEKI_API_KEY']}",`,
    '        "Content-Type": "application/json",',
    "    },",
    ")",
    'runs = json.load(urllib.request.urlopen(request))["items"]',
  ].join("\n");

  return (
    <Menu
      trigger={
        <Button icon="download" busy={done !== null}>
          {done === null ? t("table.exportAs") : t("table.exporting", { done, total })}
        </Button>
      }
    >
      <MenuLabel>{t("table.exportAll", { count: total })}</MenuLabel>
      <MenuItem icon="table" onSelect={() => void save("csv")}>
        CSV
      </MenuItem>
      <MenuItem icon="file" onSelect={() => void save("jsonl")}>
        JSON Lines
      </MenuItem>
      <MenuItem icon="columns" onSelect={() => void save("parquet")}>
        Parquet
      </MenuItem>
      <MenuLine />
      <MenuLabel>{t("table.asCode")}</MenuLabel>
      <MenuItem icon="copy" onSelect={() => copy(python)}>
        Python
      </MenuItem>
      <MenuItem icon="copy" onSelect={() => copy(http)}>
        HTTP
      </MenuItem>
    </Menu>
  );
}

interface Writer {
  add: (run: Run) => void;
  end: () => { parts: BlobPart[]; type: string };
}

const writers: Record<Format, (columns: readonly Column[]) => Promise<Writer>> = {
  csv: async (columns) => {
    const headings = columns.map((column) => headingOf(column));
    // Excel takes the mark at the beginning as a sign of UTF-8.
    const parts = ["\ufeff", csvLine(["id", ...headings])];
    return {
      add: (run) => parts.push(csvLine([run.id, ...columns.map((column) => column.value(run))])),
      end: () => ({ parts, type: "text/csv;charset=utf-8" }),
    };
  },
  jsonl: async (columns) => {
    const parts: string[] = [];
    return {
      add: (run) => {
        const values = columns.map((column) => [headingOf(column), column.value(run) ?? null]);
        parts.push(`${JSON.stringify({ id: run.id, ...Object.fromEntries(values) })}\n`);
      },
      end: () => ({ parts, type: "application/jsonl" }),
    };
  },
  parquet: async (columns) => {
    const { parquetFile } = await import("@/lib/parquet");
    const rows: Run[] = [];
    return {
      add: (run) => rows.push(run),
      end: () => ({
        parts: [
          parquetFile([
            { name: "id", values: rows.map((run) => run.id) },
            ...columns.map((column) => ({
              name: headingOf(column),
              values: rows.map((run) => column.value(run)),
            })),
          ]),
        ],
        type: "application/vnd.apache.parquet",
      }),
    };
  },
};

/** Unique in the file, unlike the short heading. */
const headingOf = (column: Column) =>
  column.id.startsWith("formula.") ? column.heading : column.id;
