import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { ObjectHome } from "@/api/objects";
import { countKinds } from "@/lib/difference";
import type { ComparedRow } from "@/lib/row-diff";
import { diffWords } from "@/lib/text-diff";
import { Button } from "@/ui/button";
import { Pieces } from "@/ui/text-diff";
import { CellValue, cellText } from "./cell";
import { DifferenceCounts, DifferenceMark } from "./difference";
import styles from "./objects.module.css";

const BATCH = 100;

/** Rows that were added, removed or changed, with the changed words marked. */
export function RowDifference({
  home,
  difference,
}: {
  home: ObjectHome;
  difference: readonly ComparedRow[];
}) {
  const { t } = useTranslation();
  const [most, setMost] = useState(BATCH);
  const rows = difference.filter((row) => row.kind !== "same");
  const columns = [
    ...new Set(
      rows.flatMap((row) => [
        ...Object.keys(row.after?.value ?? {}),
        ...Object.keys(row.before?.value ?? {}),
      ]),
    ),
  ];
  return (
    <>
      <DifferenceCounts counts={countKinds(difference)} />
      {rows.length === 0 ? (
        <p className="muted">{t("objects.sameRows")}</p>
      ) : (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: keys can scroll it
        <section className={styles.rowsBox} tabIndex={0} aria-label={t("objects.rowChanges")}>
          <table className={styles.rows}>
            <thead>
              <tr>
                <th scope="col">{t("objects.row")}</th>
                {columns.map((column) => (
                  <th key={column} scope="col">
                    {column}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {rows.slice(0, most).map((row) => (
                <tr key={`${row.before?.index} ${row.after?.index}`} data-kind={row.kind}>
                  <th scope="row">
                    <DifferenceMark kind={row.kind} />
                    {(row.after?.index ?? row.before?.index ?? 0) + 1}
                  </th>
                  {columns.map((column) => (
                    <td key={column}>
                      <Cell home={home} row={row} column={column} />
                    </td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
          {rows.length > most && (
            <Button size="s" variant="ghost" onClick={() => setMost(most + 5 * BATCH)}>
              {t("common.showMore", { count: rows.length - most })}
            </Button>
          )}
        </section>
      )}
    </>
  );
}

function Cell({ home, row, column }: { home: ObjectHome; row: ComparedRow; column: string }) {
  const before = row.before?.value[column];
  const after = row.after?.value[column];
  const isSame = JSON.stringify(before) === JSON.stringify(after);
  if (row.kind !== "changed" || isSame) {
    return <CellValue home={home} value={row.after ? after : before} />;
  }
  const [old, now] = diffWords(cellText(before), cellText(after));
  return (
    <span className={styles.cellChange}>
      <del>
        <Pieces pieces={old} />
      </del>
      <ins>
        <Pieces pieces={now} />
      </ins>
    </span>
  );
}
