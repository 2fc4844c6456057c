import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { ImportedRows } from "@/lib/import-rows";
import { importRows } from "@/lib/import-rows";
import type { SheetRow } from "@/lib/sheet";
import { Button } from "@/ui/button";
import { Dialog, DialogActions } from "@/ui/dialog";
import { Segmented } from "@/ui/field";
import { Notice } from "@/ui/states";
import { cellText } from "./cell";
import styles from "./objects.module.css";

const MAX_FILE = 28_000_000;
const SHOWN = 5;

/** Rows of a file, looked at before they come in. */
export function ImportRows({
  onRows,
  onDone,
}: {
  onRows: (rows: SheetRow[], replace: boolean) => void;
  onDone: () => void;
}) {
  const { t } = useTranslation();
  const [found, setFound] = useState<ImportedRows | null>(null);
  const [how, setHow] = useState<"append" | "replace">("append");
  return (
    <Dialog
      open
      onOpen={(open) => !open && onDone()}
      title={t("objects.importTitle")}
      closeLabel={t("common.close")}
      width={720}
    >
      <div className={styles.form}>
        <RowFile onFound={setFound} />
        {found && <ImportPreview found={found} />}
        {found && (
          <Segmented
            label={t("objects.importHow")}
            value={how}
            options={[
              { value: "append", label: t("objects.importAppend") },
              { value: "replace", label: t("objects.importReplace") },
            ]}
            onValue={setHow}
          />
        )}
      </div>
      <DialogActions>
        <Button onClick={onDone}>{t("common.cancel")}</Button>
        <Button
          variant="primary"
          disabled={!found || found.rows.length === 0}
          onClick={() => found && onRows(found.rows, how === "replace")}
        >
          {t("objects.takeRows", { count: found?.rows.length ?? 0 })}
        </Button>
      </DialogActions>
    </Dialog>
  );
}

/** Chooses a file and reads its rows. */
export function RowFile({ onFound }: { onFound: (rows: ImportedRows | null) => void }) {
  const { t } = useTranslation();
  const [problem, setProblem] = useState<string | null>(null);
  const read = async (file: File | undefined) => {
    onFound(null);
    setProblem(null);
    if (!file) return;
    if (file.size > MAX_FILE) {
      setProblem(t("objects.fileTooBig", { size: Math.round(MAX_FILE / 1e6) }));
      return;
    }
    onFound(importRows(file.name, await file.text()));
  };
  return (
    <>
      <label className={styles.file}>
        <span>{t("objects.chooseFile")}</span>
        <input
          type="file"
          accept=".csv,.tsv,.json,.jsonl,.ndjson"
          onChange={(event) => void read(event.target.files?.[0])}
        />
      </label>
      {problem && <Notice kind="danger">{problem}</Notice>}
    </>
  );
}

export function ImportPreview({ found }: { found: ImportedRows }) {
  const { t } = useTranslation();
  return (
    <>
      {found.problems.length > 0 && (
        <Notice kind="warning">
          {t("objects.importProblems", { count: found.problems.length })}
          <ul className={styles.problems}>
            {found.problems.slice(0, 5).map((problem) => (
              <li key={`${problem.line} ${problem.message}`}>
                {t("objects.line", { line: problem.line })} {problem.message}
              </li>
            ))}
          </ul>
        </Notice>
      )}
      {found.rows.length > 0 && (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: keys can scroll it
        <section className={styles.rowsBox} tabIndex={0} aria-label={t("objects.firstRows")}>
          <table className={styles.rows}>
            <thead>
              <tr>
                {found.columns.map((column) => (
                  <th key={column} scope="col">
                    {column}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {found.rows.slice(0, SHOWN).map((row, index) => (
                // biome-ignore lint/suspicious/noArrayIndexKey: rows never move
                <tr key={index}>
                  {found.columns.map((column) => (
                    <td key={column}>{cellText(row[column]).slice(0, 120)}</td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </section>
      )}
    </>
  );
}
