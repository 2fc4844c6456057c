import { useChartEnvironment } from "../environment";
import { chartMessages } from "../messages";
import { syncGroup } from "../sync";
import { nameOf } from "./exports";
import type { LineSeries } from "./types";

/** Names of the lines, outside the plot. Hovering lights one up, clicking shows it alone. */
export function Legend({
  series,
  syncKey,
  only,
  onOnly,
}: {
  series: readonly LineSeries[];
  syncKey: string | undefined;
  only: string | null;
  onOnly: (id: string | null) => void;
}) {
  const messages = chartMessages(useChartEnvironment().locale);
  const details = series.some((each) => each.detail !== series[0]?.detail);
  const light = (group: string | null) => {
    if (syncKey !== undefined) syncGroup(syncKey).highlight(group);
  };
  return (
    <ul className="kiseki-legend">
      {series.map((each) => {
        const isOnly = only === each.id;
        return (
          <li key={each.id}>
            <button
              type="button"
              className={only !== null && !isOnly ? "is-off" : ""}
              aria-pressed={isOnly}
              title={isOnly ? messages.showAll : messages.isolate(nameOf(each))}
              onClick={() => onOnly(isOnly ? null : each.id)}
              onPointerEnter={() => light(each.group ?? each.id)}
              onPointerLeave={() => light(null)}
              onFocus={() => light(each.group ?? each.id)}
              onBlur={() => light(null)}
            >
              <span
                className="kiseki-swatch"
                style={{
                  borderTopColor: each.color,
                  borderTopStyle: each.dash?.length ? "dashed" : "solid",
                }}
              />
              <span className="kiseki-legend-text">{each.label}</span>
              {details && each.detail && (
                <span className="kiseki-legend-text kiseki-legend-detail">{each.detail}</span>
              )}
            </button>
          </li>
        );
      })}
    </ul>
  );
}
