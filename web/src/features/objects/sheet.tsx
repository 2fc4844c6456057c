import { useQueries, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useEffect, useMemo, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import type { ObjectAt } from "@/api/objects";
import { objectKeys, ROWS_PAGE, tablePageQuery } from "@/api/objects";
import type { ObjectVersionDetail } from "@/api/types";
import { useCanWrite } from "@/features/artifacts/can-write";
import { csvLine, saveFile } from "@/lib/csv";
import { objectHref } from "@/lib/object-links";
import type { SheetEdits, SheetRow } from "@/lib/sheet";
import { isEdited, noEdits, removeRow, rowAt, writeCells } from "@/lib/sheet";
import { Button, IconButton } from "@/ui/button";
import { Input } from "@/ui/field";
import { Menu, MenuItem, Popover } from "@/ui/menu";
import { Grow, Toolbar } from "@/ui/page";
import { Notice, SkeletonRows } from "@/ui/states";
import { toast } from "@/ui/toast";
import { useShortcuts } from "@/ui/use-shortcuts";
import { readAll } from "./all-rows";
import { ImportRows } from "./import";
import { PublishRows } from "./publish";
import { SheetGrid } from "./sheet-grid";
import { useSheetDraft } from "./use-sheet-draft";

/** A dataset as a spreadsheet; what is changed becomes a version when it is published. */
export function DatasetSheet({ at, version }: { at: ObjectAt; version: ObjectVersionDetail }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const navigate = useNavigate();
  const table = version.table ?? "";
  const total = version.rows ?? 0;
  const canWrite = useCanWrite(at);
  const draft = useSheetDraft(`${at.entity}/${at.project}/${at.name}/${version.digest}`);
  const { edits, change } = draft;
  const [pages, setPages] = useState<readonly number[]>([0]);
  const [own, setOwn] = useState<readonly string[]>([]);
  const [dialog, setDialog] = useState<"import" | "publish" | null>(null);
  const seen = useRef(new Map<number, SheetRow>());
  const found = useQueries({
    queries: pages.map((page) => tablePageQuery(at, table, page)),
    combine: (results) => ({
      loaded: results.map((result) => result.data),
      pending: results[0]?.isPending ?? false,
      problem: results.find((result) => result.isError)?.error ?? null,
    }),
  });
  const stored = useMemo(() => {
    for (const page of found.loaded) {
      for (const row of page?.items ?? []) seen.current.set(row.index, row.value);
    }
    const rows = seen.current;
    return (index: number) => rows.get(index);
  }, [found.loaded]);
  const columns = useColumns(stored, found.loaded.length, edits, own);
  const row = (place: number) => rowAt(edits, total, place, stored);
  const write = (cells: { place: number; column: string; value: unknown }[]) =>
    change(writeCells(edits, total, cells, stored));
  const see = (first: number, last: number) => {
    const wanted: number[] = [];
    const end = Math.floor(Math.min(last, total - 1) / ROWS_PAGE);
    for (let page = Math.floor(first / ROWS_PAGE); page <= end; page++) wanted.push(page);
    if (wanted.some((page) => !pages.includes(page))) setPages([...new Set([0, ...wanted])]);
  };
  useShortcuts({ "mod+z": draft.undo, "mod+shift+z": draft.redo });
  useLeaveWarning(isEdited(edits));

  if (found.pending && total > 0) return <SkeletonRows rows={12} label={t("common.loading")} />;
  const count = Object.keys(edits.replaced).length + edits.removed.length + edits.added.length;
  return (
    <>
      <Toolbar>
        {canWrite && (
          <>
            <Button
              size="s"
              icon="plus"
              onClick={() => change({ ...edits, added: [...edits.added, {}] })}
            >
              {t("objects.addRow")}
            </Button>
            <AddColumn
              columns={columns}
              onColumn={(column) => setOwn([...own.filter((one) => one !== column), column])}
            />
            <Button size="s" icon="download" onClick={() => setDialog("import")}>
              {t("objects.import")}
            </Button>
            <IconButton
              icon="undo"
              size="s"
              label={t("views.undo")}
              disabled={!draft.canUndo}
              onClick={draft.undo}
            />
            <IconButton
              icon="redo"
              size="s"
              label={t("views.redo")}
              disabled={!draft.canRedo}
              onClick={draft.redo}
            />
          </>
        )}
        <Grow />
        <span className="muted numeric" aria-live="polite">
          {t("objects.rowCount", { count: total })}
          {count > 0 && ` · ${t("objects.changed", { count })}`}
        </span>
        <ExportRows at={at} version={version} />
        {isEdited(edits) && (
          <>
            <Button size="s" variant="ghost" onClick={() => change(noEdits)}>
              {t("objects.discard")}
            </Button>
            <Button size="s" variant="primary" icon="check" onClick={() => setDialog("publish")}>
              {t("objects.publish")}
            </Button>
          </>
        )}
      </Toolbar>
      {found.problem && <Notice kind="danger">{t("objects.rowsError")}</Notice>}
      <SheetGrid
        home={at}
        label={at.name}
        columns={columns}
        total={total}
        edits={edits}
        row={row}
        stored={stored}
        readOnly={!canWrite}
        onSee={see}
        onWrite={write}
        onRemove={(place) => change(removeRow(edits, total, place))}
      />
      {dialog === "import" && (
        <ImportRows
          onDone={() => setDialog(null)}
          onRows={(rows, replace) => {
            const removed = replace ? Array.from({ length: total }, (_, index) => index) : [];
            change(
              replace
                ? { replaced: {}, removed, added: rows }
                : { ...edits, added: [...edits.added, ...rows] },
            );
            setDialog(null);
          }}
        />
      )}
      {dialog === "publish" && (
        <PublishRows
          at={at}
          version={version}
          edits={edits}
          stored={stored}
          onDone={() => setDialog(null)}
          onPublished={async (made) => {
            draft.clear();
            setDialog(null);
            toast(t("objects.publishedAs", { name: `${made.name}:v${made.index}` }));
            await client.invalidateQueries({ queryKey: objectKeys.project(at) });
            void navigate({ to: objectHref(at) as "/" });
          }}
        />
      )}
    </>
  );
}

/** Names of columns in the order in which they come up. */
function useColumns(
  stored: (index: number) => SheetRow | undefined,
  pages: number,
  edits: SheetEdits,
  own: readonly string[],
): string[] {
  const known = useRef(new Set<string>());
  return useMemo(() => {
    for (let index = 0; index < pages * ROWS_PAGE; index++) {
      for (const key of Object.keys(stored(index) ?? {})) known.current.add(key);
    }
    const columns = new Set(known.current);
    for (const row of [...Object.values(edits.replaced), ...edits.added.slice(0, 1000)]) {
      for (const key of Object.keys(row)) columns.add(key);
    }
    for (const column of own) columns.add(column);
    return [...columns];
  }, [stored, pages, edits, own]);
}

function AddColumn({
  columns,
  onColumn,
}: {
  columns: readonly string[];
  onColumn: (column: string) => void;
}) {
  const { t } = useTranslation();
  const [open, setOpen] = useState(false);
  const [name, setName] = useState("");
  const taken = columns.includes(name.trim());
  return (
    <Popover
      open={open}
      onOpen={setOpen}
      width={260}
      trigger={
        <Button size="s" icon="columns">
          {t("objects.addColumn")}
        </Button>
      }
    >
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (name.trim() === "" || taken) return;
          onColumn(name.trim());
          setName("");
          setOpen(false);
        }}
      >
        <Input
          aria-label={t("objects.columnName")}
          placeholder={t("objects.columnName")}
          autoFocus
          value={name}
          invalid={taken}
          maxLength={200}
          onChange={(event) => setName(event.target.value)}
        />
      </form>
    </Popover>
  );
}

function ExportRows({ at, version }: { at: ObjectAt; version: ObjectVersionDetail }) {
  const { t } = useTranslation();
  const save = async (form: "jsonl" | "csv") => {
    const rows = await readAll(at, version.table ?? "");
    const name = `${at.name}-v${version.index}.${form}`;
    if (form === "jsonl") {
      saveFile(
        name,
        rows.map((row) => `${JSON.stringify(row)}\n`),
        "application/jsonl",
      );
      return;
    }
    const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))];
    const lines = rows.map((row) => csvLine(columns.map((column) => row[column])));
    saveFile(name, [csvLine(columns), ...lines], "text/csv");
  };
  return (
    <Menu trigger={<IconButton icon="download" size="s" label={t("common.download")} />}>
      <MenuItem onSelect={() => void save("jsonl")}>JSONL</MenuItem>
      <MenuItem onSelect={() => void save("csv")}>CSV</MenuItem>
    </Menu>
  );
}

/** Asks before the page is left with changes that nobody has published. */
function useLeaveWarning(isDirty: boolean) {
  useEffect(() => {
    if (!isDirty) return;
    const warn = (event: BeforeUnloadEvent) => event.preventDefault();
    window.addEventListener("beforeunload", warn);
    return () => window.removeEventListener("beforeunload", warn);
  }, [isDirty]);
}
