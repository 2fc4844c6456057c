import { useQueries } from "@tanstack/react-query";
import { useEffect, useMemo, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { rowsQuery } from "@/api/history";
import { textOption } from "@/features/charts/options";
import { columnValue } from "@/lib/columns";
import { usualSpec } from "@/lib/custom-chart";
import { flatten } from "@/lib/flatten";
import { readNumber } from "@/lib/format";
import { useTheme } from "@/ui/use-theme";
import { Message } from "./message";
import styles from "./panels.module.css";
import type { PanelProps } from "./types";
import { knownRuns } from "./values";

const MOST_RUNS = 20;

/** A Vega-Lite chart over our data: the data sets `runs` and `history`. */
export default function CustomPanel({ panel, scope }: PanelProps) {
  const { t } = useTranslation();
  const theme = useTheme();
  const box = useRef<HTMLDivElement>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const text = textOption(panel.options, "spec", usualSpec);
  const runs = useMemo(() => knownRuns(scope).slice(0, MOST_RUNS), [scope]);
  const history = useQueries({
    queries: runs.flatMap((run) =>
      panel.keys.map((key) => rowsQuery(scope.entity, scope.project, run.id, key)),
    ),
  });
  const arrived = history.map((query) => query.dataUpdatedAt).join();
  // biome-ignore lint/correctness/useExhaustiveDependencies: the times say which data there is
  const data = useMemo(() => {
    const table = runs.map(({ run, color }) => {
      const fields = (root: "config" | "summary") =>
        flatten(run[root]).map(([path, value]) => [
          `${root}.${path}`.replaceAll(".", "_"),
          readNumber(value) ?? value,
        ]);
      return {
        id: run.id,
        name: run.display_name,
        state: run.state,
        group: run.group,
        duration: columnValue(run, "duration"),
        color,
        ...Object.fromEntries([...fields("config"), ...fields("summary")]),
      };
    });
    const rows = runs.flatMap(({ run, color }, index) =>
      panel.keys.flatMap((key, at) => {
        const found = history[index * panel.keys.length + at]?.data ?? [];
        return found.map((row) => ({
          run: run.display_name,
          color,
          step: row.step,
          key,
          value: readNumber(row.values[key]) ?? row.values[key],
        }));
      }),
    );
    return { runs: table, history: rows };
  }, [runs, panel.keys, arrived]);

  useEffect(() => {
    const element = box.current;
    if (!element) return;
    let gone = false;
    let finish = () => {};
    setProblem(null);
    const draw = async () => {
      const { drawSpec } = await import("./vega");
      if (gone) return;
      finish = await drawSpec(element, JSON.parse(text), data, theme);
      if (gone) finish();
    };
    draw().catch((error) => {
      if (!gone) setProblem(error instanceof Error ? error.message : String(error));
    });
    return () => {
      gone = true;
      finish();
    };
  }, [text, data, theme]);

  return (
    <div className={styles.custom}>
      <div ref={box} className={styles.vega} role="img" aria-label={panel.title} />
      {problem && <Message>{t("panels.badSpec", { message: problem })}</Message>}
    </div>
  );
}
