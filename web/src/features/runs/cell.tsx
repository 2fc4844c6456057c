import type { Run } from "@/api/types";
import { Duration, Moment } from "@/features/moment";
import { runColor } from "@/lib/colors";
import { columnValue } from "@/lib/columns";
import { formatValue, readNumber } from "@/lib/format";
import { StateChip, Tag } from "@/ui/chip";
import { useTheme } from "@/ui/use-theme";
import styles from "./runs.module.css";
import { useStateLabel } from "./state";

/** One value of a run, as its column shows it. */
export function RunCell({ run, column }: { run: Run; column: string }) {
  const label = useStateLabel();
  const theme = useTheme();
  switch (column) {
    case "display_name":
      return (
        <span className={styles.name}>
          <i style={{ background: runColor(run.number, theme) }} />
          <span className="truncate" title={run.display_name}>
            {run.display_name}
          </span>
        </span>
      );
    case "state":
      return <StateChip state={run.state} label={label(run.state)} />;
    case "created_at":
      return <Moment at={run.created_at} />;
    case "duration":
      return <Duration run={run} />;
    case "tags":
      return (
        <span className={styles.tags}>
          {run.tags.map((tag) => (
            <Tag key={tag}>{tag}</Tag>
          ))}
        </span>
      );
  }
  const value = columnValue(run, column);
  const number = readNumber(value);
  const text = formatValue(number ?? value);
  return (
    <span
      className={`truncate ${number !== null ? styles.number : ""} ${text === "–" ? "muted" : ""}`}
      title={text.length > 12 ? text : undefined}
    >
      {text}
    </span>
  );
}
