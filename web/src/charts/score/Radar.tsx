import styles from "./score.module.css";

export interface RadarSeries {
  name: string;
  color: string;
  /** From 0 to 1, one for each axis; nothing where there is no value. */
  values: readonly (number | null)[];
}

const SIZE = 300;
const MIDDLE = SIZE / 2;
const REACH = 96;

function at(index: number, count: number, share: number): [number, number] {
  const angle = (index / count) * 2 * Math.PI - Math.PI / 2;
  return [MIDDLE + Math.cos(angle) * REACH * share, MIDDLE + Math.sin(angle) * REACH * share];
}

const polygon = (points: readonly [number, number][]) =>
  points.map(([x, y]) => `${x.toFixed(1)},${y.toFixed(1)}`).join(" ");

/** Several values of several things as polygons over one another. */
export function Radar({
  axes,
  series,
  label,
}: {
  axes: readonly string[];
  series: readonly RadarSeries[];
  label: string;
}) {
  const count = axes.length;
  return (
    <svg
      className={styles.radar}
      viewBox={`-60 -4 ${SIZE + 120} ${SIZE + 8}`}
      role="img"
      aria-label={label}
    >
      {[0.25, 0.5, 0.75, 1].map((share) => (
        <polygon
          key={share}
          className={styles.ring}
          points={polygon(axes.map((_, index) => at(index, count, share)))}
        />
      ))}
      {axes.map((axis, index) => {
        const [x, y] = at(index, count, 1);
        const [textX, textY] = at(index, count, 1.13);
        const side = textX > MIDDLE + 8 ? "start" : textX < MIDDLE - 8 ? "end" : "middle";
        return (
          <g key={axis}>
            <line className={styles.spoke} x1={MIDDLE} y1={MIDDLE} x2={x} y2={y} />
            <text className={styles.axis} x={textX} y={textY + 4} textAnchor={side}>
              <title>{axis}</title>
              {axis.length > 18 ? `${axis.slice(0, 17)}…` : axis}
            </text>
          </g>
        );
      })}
      {series.map(({ name, color, values }) => (
        <g key={name} style={{ color }}>
          <polygon
            className={styles.shape}
            points={polygon(values.map((value, index) => at(index, count, value ?? 0)))}
          />
          {values.map((value, index) => {
            if (value === null) return null;
            const [x, y] = at(index, count, value);
            return <circle key={axes[index]} className={styles.dot} cx={x} cy={y} r={3} />;
          })}
        </g>
      ))}
    </svg>
  );
}
