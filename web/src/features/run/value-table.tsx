import { Fragment, useId, useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { flatten } from "@/lib/flatten";
import { formatValue, readNumber } from "@/lib/format";
import { isLong } from "@/lib/json";
import { Button } from "@/ui/button";
import { Brief, Whole } from "./long-value";
import styles from "./run.module.css";

const BATCH = 200;
const collator = new Intl.Collator("en", { numeric: true });

/** A name that breaks after its separators where the line is short. */
function breakable(name: string) {
  return name.split(/(?<=[/._])/).map((part, index) => (
    // biome-ignore lint/suspicious/noArrayIndexKey: parts never move
    <Fragment key={index}>
      {index > 0 && <wbr />}
      {part}
    </Fragment>
  ));
}

/** Keys and values, nested ones by their path. */
export function ValueTable({
  values,
  search,
}: {
  values: Record<string, unknown>;
  search: string;
}) {
  const { t } = useTranslation();
  const [most, setMost] = useState(BATCH);
  const rows = useMemo(() => {
    const words = search.toLowerCase();
    return flatten(values)
      .filter(([key, value]) => `${key} ${formatValue(value)}`.toLowerCase().includes(words))
      .sort(([a], [b]) => collator.compare(a, b));
  }, [values, search]);
  if (rows.length === 0) return <p className={styles.nothing}>{t("run.noMatch")}</p>;
  return (
    <>
      <table className={styles.values}>
        <thead className="visually-hidden">
          <tr>
            <th>{t("run.metric")}</th>
            <th>{t("run.value")}</th>
          </tr>
        </thead>
        <tbody>
          {rows.slice(0, most).map(([key, value]) => (
            <Row key={key} name={key} value={value} />
          ))}
        </tbody>
      </table>
      {rows.length > most && (
        <Button size="s" variant="ghost" onClick={() => setMost(most + 5 * BATCH)}>
          {t("common.showMore", { count: rows.length - most })}
        </Button>
      )}
    </>
  );
}

function Row({ name, value }: { name: string; value: unknown }) {
  const [open, setOpen] = useState(false);
  const id = useId();
  if (!isLong(value)) {
    return (
      <tr>
        <th scope="row">{breakable(name)}</th>
        <td title={typeof value === "number" ? String(value) : undefined}>
          {formatValue(readNumber(value) ?? value)}
        </td>
      </tr>
    );
  }
  return (
    <>
      <tr>
        <th scope="row">{breakable(name)}</th>
        <td>
          <Brief value={value} open={open} onOpen={setOpen} controls={id} />
        </td>
      </tr>
      {open && (
        <tr className={styles.wholeRow}>
          <td colSpan={2}>
            <Whole value={value} id={id} />
          </td>
        </tr>
      )}
    </>
  );
}
