import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { type Direction, mediaAtQuery, mediaKeysQuery } from "@/api/media";
import { useLiveEvent } from "@/api/stream";
import type { LoggedMediaKey, Run } from "@/api/types";
import { useVisible } from "@/features/charts/use-visible";
import { Failure } from "@/features/failure";
import { Slider } from "@/ui/field";
import { EmptyState, SkeletonRows } from "@/ui/states";
import { useDebounced } from "@/ui/use-debounced";
import { useThrottled } from "@/ui/use-throttled";
import styles from "./media.module.css";
import { MediaFigure } from "./media-figure";

/** New media of a live run show up no more often than this. */
const REFETCH_INTERVAL = 2000;

/** Images, sounds and videos of the run: a row for each key, at a step of its own. */
export function RunMedia({ run }: { run: Run }) {
  const { t } = useTranslation();
  const keys = useQuery(mediaKeysQuery(run.entity, run.project, run.id));
  const refetchSoon = useThrottled(() => void keys.refetch(), REFETCH_INTERVAL);
  useLiveEvent("history.appended", (event) => {
    const { entity, project, id } = run;
    if (event.entity === entity && event.project === project && event.run === id) refetchSoon();
  });
  if (keys.isPending) return <SkeletonRows label={t("common.loading")} />;
  if (keys.isError) {
    return <Failure title={t("media.error")} error={keys.error} onRetry={keys.refetch} />;
  }
  if (keys.data.length === 0) {
    return (
      <EmptyState icon="eye" title={t("media.empty")}>
        {t("media.emptyText")}
      </EmptyState>
    );
  }
  return (
    <div className={styles.page}>
      {keys.data.map((logged) => (
        <MediaRow key={logged.key} run={run} logged={logged} />
      ))}
    </div>
  );
}

function MediaRow({ run, logged }: { run: Run; logged: LoggedMediaKey }) {
  const { t } = useTranslation();
  const place = useRef<HTMLElement>(null);
  const visible = useVisible(place);
  /** Null follows the newest step while the run goes on. */
  const [chosen, setChosen] = useState<{ step: number; direction: Direction } | null>(null);
  const step = chosen?.step ?? logged.last_step;
  const direction = chosen?.direction ?? "left";
  const asked = useDebounced(step, 120);
  const items = useQuery({
    ...mediaAtQuery(run.entity, run.project, run.id, logged, asked, direction),
    placeholderData: keepPreviousData,
    enabled: visible,
  });
  const answered = asked === step && !items.isPlaceholderData;
  /** Where the slider rests: at the step that is shown, which may lie beyond the one chosen. */
  const shown = (answered ? items.data?.[0]?.step : undefined) ?? step;
  const choose = (wanted: number) =>
    setChosen(
      wanted >= logged.last_step
        ? null
        : { step: wanted, direction: wanted < shown ? "left" : "right" },
    );
  return (
    <section ref={place} className={styles.row} aria-label={logged.key}>
      <header className={styles.head}>
        <h2 className="truncate" title={logged.key}>
          {logged.key}
        </h2>
        {logged.first_step < logged.last_step ? (
          <Slider
            label={t("media.step")}
            min={logged.first_step}
            max={logged.last_step}
            step={1}
            value={shown}
            show={String(shown)}
            onValue={choose}
          />
        ) : (
          <span className="muted numeric">
            {t("media.step")} {shown}
          </span>
        )}
      </header>
      {items.data ? (
        <div className={styles.items}>
          {items.data.map((item) => (
            <MediaFigure key={item.index} item={item} />
          ))}
        </div>
      ) : items.isError ? (
        <Failure title={t("media.error")} error={items.error} onRetry={items.refetch} />
      ) : visible ? (
        <SkeletonRows rows={6} label={t("common.loading")} />
      ) : (
        <div className={styles.unseen} />
      )}
    </section>
  );
}
