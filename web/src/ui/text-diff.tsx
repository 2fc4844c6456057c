import { useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import type { DiffRow, Piece, Side } from "@/lib/text-diff";
import { diffLines, foldRows } from "@/lib/text-diff";
import styles from "./text-diff.module.css";

/** Two texts in two columns; on a phone one below the other, line by line. */
export function TextDiff({
  before,
  after,
  label,
  names,
}: {
  before: string;
  after: string;
  label: string;
  /** Headings of the columns. */
  names: readonly [string, string];
}) {
  const { t } = useTranslation();
  const rows = useMemo(() => diffLines(before, after), [before, after]);
  if (before === after) return <p className={styles.same}>{t("diff.same")}</p>;
  return <DiffTable rows={rows} label={label} names={names} />;
}

/** Lines in two columns, with what did not change folded away. */
export function DiffTable({
  rows,
  label,
  names,
}: {
  rows: readonly DiffRow[];
  label: string;
  names: readonly [string, string];
}) {
  const { t } = useTranslation();
  const [opened, setOpened] = useState<ReadonlySet<number>>(new Set());
  const shown = useMemo(() => foldRows(rows), [rows]);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: keys can scroll it
    <section className={styles.box} aria-label={label} tabIndex={0}>
      <table className={styles.table}>
        <colgroup>
          <col className={styles.number} />
          <col />
          <col className={styles.number} />
          <col />
        </colgroup>
        <thead>
          <tr>
            <th scope="col" colSpan={2}>
              {names[0]}
            </th>
            <th scope="col" colSpan={2}>
              {names[1]}
            </th>
          </tr>
        </thead>
        <tbody>
          {shown.map((row, index) => {
            if (row.kind !== "fold") return <Line key={keyOf(row)} row={row} />;
            if (opened.has(index))
              return row.rows.map((one) => <Line key={keyOf(one)} row={one} />);
            return (
              <tr key={`fold ${row.rows[0]?.before?.line}`} className={styles.fold}>
                <td colSpan={4}>
                  <button type="button" onClick={() => setOpened(new Set([...opened, index]))}>
                    {t("diff.unfold", { count: row.rows.length })}
                  </button>
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </section>
  );
}

const keyOf = (row: DiffRow) => `${row.before?.line ?? "-"} ${row.after?.line ?? "-"}`;

function Line({ row }: { row: DiffRow }) {
  return (
    <tr data-kind={row.kind}>
      <Half side={row.before} which="before" />
      <Half side={row.after} which="after" />
    </tr>
  );
}

function Half({ side, which }: { side: Side | null; which: "before" | "after" }) {
  const { t } = useTranslation();
  if (!side) return <td colSpan={2} className={styles.empty} data-side={which} />;
  return (
    <>
      <td className={styles.number} data-side={which} aria-hidden="true">
        {side.line}
      </td>
      <td className={styles.code} data-side={which}>
        <span className="visually-hidden">{t(`diff.${which}`)}</span>
        <Pieces pieces={side.pieces} />
      </td>
    </>
  );
}

/** A text with what differs marked. */
export function Pieces({ pieces }: { pieces: readonly Piece[] }) {
  return (
    <>
      {pieces.map((piece, at) =>
        piece.changed ? (
          // biome-ignore lint/suspicious/noArrayIndexKey: pieces never move
          <mark key={at}>{piece.text}</mark>
        ) : (
          // biome-ignore lint/suspicious/noArrayIndexKey: pieces never move
          <span key={at}>{piece.text}</span>
        ),
      )}
    </>
  );
}
