import { formatValue } from "@/lib/numbers";
import { useChartEnvironment } from "../environment";
import { chartMessages } from "../messages";
import { describeX } from "./axes";
import { nameOf } from "./exports";
import type { LineSeries, XKind } from "./types";

/** The same data for those who read rather than look: one row a series. */
export function LineTable({
  series,
  title,
  xKind,
}: {
  series: readonly LineSeries[];
  title: string;
  xKind: XKind;
}) {
  const { locale, timeZone } = useChartEnvironment();
  const { table, noData } = chartMessages(locale);
  if (series.length === 0) return <p className="kiseki-empty">{noData}</p>;
  const axis = { kind: xKind, scale: "linear", locale, timeZone } as const;
  return (
    <div className="kiseki-table-scroll">
      <table className="kiseki-table" aria-label={title}>
        <thead>
          <tr>
            {[table.series, table.points, table.first, table.last, table.min, table.max].map(
              (head) => (
                <th key={head} scope="col">
                  {head}
                </th>
              ),
            )}
          </tr>
        </thead>
        <tbody>
          {series.map((each) => {
            const facts = factsOf(each);
            return (
              <tr key={each.id}>
                <td title={nameOf(each)}>{nameOf(each)}</td>
                <td>{formatValue(each.y.length)}</td>
                {facts.ends.map(([x, y], n) => (
                  <td
                    key={n === 0 ? "first" : "last"}
                    title={x === undefined ? "" : describeX(x, axis)[0]}
                  >
                    {y === undefined ? "" : formatValue(y)}
                  </td>
                ))}
                <td>{facts.low <= facts.high ? formatValue(facts.low) : ""}</td>
                <td>{facts.low <= facts.high ? formatValue(facts.high) : ""}</td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}

function factsOf(series: LineSeries) {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < series.y.length; i++) {
    for (const value of [series.y[i], series.min?.[i], series.max?.[i]]) {
      if (value === undefined || !Number.isFinite(value)) continue;
      low = Math.min(low, value);
      high = Math.max(high, value);
    }
  }
  const ends: [number | undefined, number | undefined][] = [
    [series.x[0], series.y[0]],
    [series.x.at(-1), series.last?.at(-1) ?? series.y.at(-1)],
  ];
  return { low, high, ends };
}
