import { useQueries, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { mediaAtQuery, mediaKeysQuery } from "@/api/media";
import { textOption } from "@/features/charts/options";
import { MediaFigure } from "@/features/run/media-figure";
import { Select, Slider } from "@/ui/field";
import { Skeleton } from "@/ui/states";
import { useDebounced } from "@/ui/use-debounced";
import { Message } from "./message";
import styles from "./panels.module.css";
import type { PanelProps } from "./types";

const MOST_RUNS = 6;

/** What several runs logged under one key, at one step. */
export default function MediaPanel({ panel, scope, onOptions }: PanelProps) {
  const { t } = useTranslation();
  const { entity, project } = scope;
  const runs = scope.runs.slice(0, MOST_RUNS);
  const keysOf = useQueries({
    queries: runs.map((run) => mediaKeysQuery(entity, project, run.id)),
  });
  const keys = [...new Set(keysOf.flatMap((query) => query.data?.map((item) => item.key) ?? []))];
  const chosen = textOption(panel.options, "key");
  const key = keys.includes(chosen) ? chosen : (keys[0] ?? "");
  const logged = runs.map((_, index) => keysOf[index]?.data?.find((item) => item.key === key));
  const first = Math.min(...logged.flatMap((item) => item?.first_step ?? []));
  const last = Math.max(...logged.flatMap((item) => item?.last_step ?? []));
  const [step, setStep] = useState<number | null>(null);
  const asked = useDebounced(step ?? last, 120);
  if (keysOf.some((query) => query.isPending)) return <Skeleton height="100%" />;
  if (key === "") return <Message>{t("media.empty")}</Message>;
  return (
    <div className={styles.column}>
      <div className={styles.bar}>
        <Select
          label={t("charts.key")}
          value={key}
          onChange={(event) => onOptions?.({ ...panel.options, key: event.target.value })}
        >
          {keys.map((name) => (
            <option key={name}>{name}</option>
          ))}
        </Select>
        {first < last && (
          <Slider
            label={t("media.step")}
            min={first}
            max={last}
            step={1}
            value={step ?? last}
            show={String(step ?? last)}
            onValue={setStep}
          />
        )}
      </div>
      <div className={styles.media}>
        {runs.map((run, index) => {
          const of = logged[index];
          return (
            <figure key={run.id}>
              <figcaption className={styles.ofRun}>
                <i style={{ background: run.color }} />
                <span className="truncate">{run.label}</span>
              </figcaption>
              {of ? (
                <Items entity={entity} project={project} run={run.id} of={of} step={asked} />
              ) : (
                <p className="muted">{t("charts.emptyPanel")}</p>
              )}
            </figure>
          );
        })}
      </div>
    </div>
  );
}

function Items({
  entity,
  project,
  run,
  of,
  step,
}: {
  entity: string;
  project: string;
  run: string;
  of: Parameters<typeof mediaAtQuery>[3];
  step: number;
}) {
  const { t } = useTranslation();
  const at = Math.min(of.last_step, Math.max(of.first_step, step));
  const items = useQuery(mediaAtQuery(entity, project, run, of, at, "left"));
  if (items.isPending) return <Skeleton height={80} />;
  if (items.isError) return <p className="muted">{t("media.itemError")}</p>;
  const [first] = items.data;
  return (
    <>
      {items.data.slice(0, 4).map((item) => (
        <MediaFigure key={item.index} item={item} />
      ))}
      {first && first.step !== step && (
        <p className="muted">
          {t("media.step")} {first.step}
        </p>
      )}
    </>
  );
}
