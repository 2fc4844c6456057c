import { useMemo } from "react";
import { sparkPath, sparkPoints } from "./sparkline";

export interface SparklineProps {
  y: ArrayLike<number>;
  /** Rising; by default the values are equally far apart. */
  x?: ArrayLike<number>;
  /** What it shows, for screen readers. */
  label: string;
  width?: number;
  height?: number;
  color?: string;
  className?: string;
}

/** A small line without axes, for lists. Ends in a dot. */
export function Sparkline({
  y,
  x,
  label,
  width = 96,
  height = 24,
  color = "currentColor",
  className,
}: SparklineProps) {
  const { path, end } = useMemo(() => {
    const points = sparkPoints(x ?? null, y, width, height, 3);
    return { path: sparkPath(points), end: points.findLast((point) => point !== null) };
  }, [x, y, width, height]);
  return (
    <svg className={className} width={width} height={height} role="img" aria-label={label}>
      {end && (
        <>
          <path
            d={path}
            fill="none"
            stroke={color}
            strokeWidth={1.4}
            strokeLinejoin="round"
            strokeLinecap="round"
          />
          <circle cx={end[0]} cy={end[1]} r={2} fill={color} />
        </>
      )}
    </svg>
  );
}
