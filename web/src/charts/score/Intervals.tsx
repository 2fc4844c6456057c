import styles from "./score.module.css";

export interface IntervalBar {
  id: string;
  name: string;
  color: string;
  value: number | null;
  low: number | null;
  high: number | null;
  /** The value as it is read. */
  text: string;
  /** Behind the value, say how many rows it is of. */
  note?: string;
}

/** Bars with the range in which their value lies. */
export function Intervals({ bars, label }: { bars: readonly IntervalBar[]; label: string }) {
  const most = Math.max(...bars.map((bar) => Math.max(bar.high ?? 0, bar.value ?? 0)), 0);
  const least = Math.min(...bars.map((bar) => Math.min(bar.low ?? 0, bar.value ?? 0)), 0);
  const span = most - least || 1;
  const place = (value: number) => `${((value - least) / span) * 100}%`;
  const width = (value: number) => `${(Math.abs(value) / span) * 100}%`;
  return (
    <ul className={styles.bars} aria-label={label}>
      {bars.map((bar) => (
        <li key={bar.id}>
          <span className={styles.barName} title={bar.name}>
            {bar.name}
          </span>
          <span className={styles.lane}>
            {bar.value !== null && (
              <span
                className={styles.bar}
                style={{
                  left: place(Math.min(0, bar.value)),
                  width: width(bar.value),
                  background: bar.color,
                }}
              />
            )}
            {bar.low !== null && bar.high !== null && (
              <span
                className={styles.whisker}
                style={{ left: place(bar.low), width: width(bar.high - bar.low) }}
              />
            )}
          </span>
          <span className={styles.barValue}>
            {bar.text}
            {bar.note && <small>{bar.note}</small>}
          </span>
        </li>
      ))}
    </ul>
  );
}
