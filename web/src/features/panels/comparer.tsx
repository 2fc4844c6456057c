import { useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { truthOption } from "@/features/charts/options";
import { flatten } from "@/lib/flatten";
import { formatNumber, formatValue, readNumber } from "@/lib/format";
import { Checkbox, SearchInput } from "@/ui/field";
import { Message } from "./message";
import styles from "./panels.module.css";
import type { PanelProps } from "./types";
import type { KnownRun } from "./values";
import { knownRuns } from "./values";

const MOST_RUNS = 20;
const MOST_ROWS = 300;
const groups = ["config", "summary", "environment"] as const;

interface Row {
  group: (typeof groups)[number];
  path: string;
  values: unknown[];
  differs: boolean;
}

function rowsOf(runs: readonly KnownRun[]): Row[] {
  const collator = new Intl.Collator("en", { numeric: true });
  return groups.flatMap((group) => {
    const columns = runs.map(({ run }) => new Map(flatten(run[group])));
    const paths = new Set(columns.flatMap((column) => [...column.keys()]));
    return [...paths]
      .filter((path) => !path.startsWith("_") && !path.startsWith("packages."))
      .sort(collator.compare)
      .map((path) => {
        const values = columns.map((column) => column.get(path));
        const differs = new Set(values.map((value) => JSON.stringify(value) ?? "")).size > 1;
        return { group, path, values, differs };
      });
  });
}

/** Runs side by side: what they were told, what came out, and where they differ. */
export default function ComparerPanel({ panel, scope, onOptions, onOpenRun }: PanelProps) {
  const { t } = useTranslation();
  const all = useMemo(() => knownRuns(scope), [scope]);
  const baseline = all.find((run) => run.baseline);
  const runs = useMemo(() => {
    const rest = all.filter((run) => run !== baseline);
    return (baseline ? [baseline, ...rest] : rest).slice(0, MOST_RUNS);
  }, [all, baseline]);
  const rows = useMemo(() => rowsOf(runs), [runs]);
  const [search, setSearch] = useState("");
  const equal = truthOption(panel.options, "equal");
  if (runs.length === 0) return <Message>{t("charts.noRuns")}</Message>;
  const words = search.toLowerCase();
  const matching = rows.filter(
    (row) => (equal || row.differs || runs.length < 2) && row.path.toLowerCase().includes(words),
  );
  return (
    <div className={styles.column}>
      <div className={styles.bar}>
        <SearchInput
          label={t("common.search")}
          placeholder={t("common.search")}
          value={search}
          onValue={setSearch}
        />
        <Checkbox
          checked={!equal}
          onChecked={(only) => onOptions?.({ ...panel.options, equal: !only })}
        >
          {t("panels.diffOnly")}
        </Checkbox>
      </div>
      <div className={styles.comparer}>
        {matching.length === 0 ? (
          <Message>
            {rows.length > 0 && search === "" ? t("panels.allEqual") : t("run.noMatch")}
          </Message>
        ) : (
          <table>
            <thead>
              <tr>
                <th>{t("panels.field")}</th>
                {runs.map((run) => (
                  <th key={run.id} scope="col">
                    <button
                      type="button"
                      className={styles.ofRun}
                      onClick={() => onOpenRun(run.id)}
                    >
                      <i style={{ background: run.color }} />
                      <span className="truncate" title={run.label}>
                        {run.label}
                      </span>
                    </button>
                  </th>
                ))}
              </tr>
            </thead>
            {groups.map((group) => {
              const inside = matching.filter((row) => row.group === group);
              if (inside.length === 0) return null;
              return (
                <tbody key={group}>
                  <tr className={styles.comparerGroup}>
                    <th colSpan={runs.length + 1}>{t(`run.${group}`)}</th>
                  </tr>
                  {inside.slice(0, MOST_ROWS).map((row) => (
                    <tr key={row.path} data-differs={row.differs || undefined}>
                      <th scope="row" className="truncate" title={row.path}>
                        {row.path}
                      </th>
                      {row.values.map((value, index) => (
                        <td key={runs[index]?.id} title={formatValue(value)}>
                          {formatValue(readNumber(value) ?? value)}
                          <Difference
                            value={value}
                            than={baseline && index > 0 ? row.values[0] : undefined}
                          />
                        </td>
                      ))}
                    </tr>
                  ))}
                </tbody>
              );
            })}
          </table>
        )}
      </div>
      {all.length > runs.length && (
        <p className={styles.footnote}>
          {t("panels.firstRuns", { shown: runs.length, count: all.length })}
        </p>
      )}
    </div>
  );
}

function Difference({ value, than }: { value: unknown; than: unknown }) {
  const [a, b] = [readNumber(value), readNumber(than)];
  if (a === null || b === null || a === b || !Number.isFinite(a - b)) return null;
  return (
    <span className={styles.difference}>
      {a > b ? "+" : "−"}
      {formatNumber(Math.abs(a - b), 3)}
    </span>
  );
}
