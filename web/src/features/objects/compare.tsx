import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import type { ObjectAt } from "@/api/objects";
import { allRowsQuery, MAX_ROWS, objectVersionQuery, objectVersionsQuery } from "@/api/objects";
import type { ObjectVersionDetail } from "@/api/types";
import { Failure } from "@/features/failure";
import { useParam } from "@/features/url";
import { compareValues, countKinds } from "@/lib/difference";
import { formatValue } from "@/lib/format";
import { promptText, readPrompt } from "@/lib/prompt";
import { compareRows } from "@/lib/row-diff";
import { IconButton } from "@/ui/button";
import { Segmented } from "@/ui/field";
import { Blank, Card, Scroll, Toolbar } from "@/ui/page";
import { Notice, SkeletonRows } from "@/ui/states";
import { TextDiff } from "@/ui/text-diff";
import { CodeDifference } from "./code";
import { DifferenceCounts, DifferenceMark } from "./difference";
import styles from "./objects.module.css";
import { RowDifference } from "./row-difference";
import { fieldsOf } from "./values";
import { VersionChoice } from "./version-picker";

/** Two versions beside each other: their values, their code, their rows. */
export function CompareObjects({ at, version }: { at: ObjectAt; version: ObjectVersionDetail }) {
  const { t } = useTranslation();
  const versions = useInfiniteQuery(objectVersionsQuery(at));
  const newest = versions.data?.pages[0]?.items ?? [];
  const place = newest.findIndex((one) => one.index === version.index);
  const older = newest[place + 1] ?? newest.find((one) => one.index !== version.index);
  const [a, setA] = useParam("a", older ? `v${older.index}` : "");
  const [b, setB] = useParam("b", `v${version.index}`);
  const before = useQuery({ ...objectVersionQuery(at, a), enabled: a !== "" });
  const after = useQuery(objectVersionQuery(at, b));
  if (versions.isPending) return <SkeletonRows label={t("common.loading")} />;
  if (versions.data && (versions.data.pages[0]?.total ?? 0) < 2) {
    return (
      <Blank icon="compare" title={t("objects.oneVersion")}>
        {t("objects.oneVersionText")}
      </Blank>
    );
  }
  const problem = before.error ?? after.error;
  return (
    <>
      <Toolbar>
        <VersionChoice
          at={at}
          label={t("artifacts.before")}
          current={before.data?.index ?? null}
          onChoose={(chosen) => setA(`v${chosen.index}`)}
        >
          <span className="muted">{t("artifacts.before")}</span> {a}
        </VersionChoice>
        <Swap
          onSwap={() => {
            setA(b);
            setB(a);
          }}
        />
        <VersionChoice
          at={at}
          label={t("artifacts.after")}
          current={after.data?.index ?? null}
          onChoose={(chosen) => setB(`v${chosen.index}`)}
        >
          <span className="muted">{t("artifacts.after")}</span> {b}
        </VersionChoice>
      </Toolbar>
      {problem ? (
        <Failure title={t("objects.error")} error={problem} />
      ) : before.data && after.data ? (
        <Scroll wide>
          <PromptDifference before={before.data} after={after.data} />
          <ValueDifference before={before.data} after={after.data} />
          <CodeDifference at={at} before={before.data} after={after.data} />
          {before.data.table && after.data.table && (
            <Rows at={at} before={before.data.table} after={after.data.table} />
          )}
        </Scroll>
      ) : (
        <SkeletonRows label={t("common.loading")} />
      )}
    </>
  );
}

function Swap({ onSwap }: { onSwap: () => void }) {
  const { t } = useTranslation();
  return <IconButton icon="refresh" size="s" label={t("artifacts.swap")} onClick={onSwap} />;
}

/** Long texts are compared line by line. */
const isText = (value: unknown): value is string =>
  typeof value === "string" && (value.includes("\n") || value.length > 80);

/** What is compared field by field: not what is compared in a way of its own. */
function comparedFields(version: ObjectVersionDetail): Record<string, unknown> {
  const { rows, content, messages, ...fields } = fieldsOf(version.value);
  if (readPrompt(version.value)) return fields;
  return version.table ? { content, messages, ...fields } : fieldsOf(version.value);
}

function PromptDifference({ before, after }: Pair) {
  const { t } = useTranslation();
  const [old, now] = [readPrompt(before.value), readPrompt(after.value)];
  if (before.category !== "prompt" || !old || !now) return null;
  return (
    <Card title={t("objects.tab.prompt")}>
      <TextDiff
        before={promptText(old)}
        after={promptText(now)}
        label={t("objects.tab.prompt")}
        names={[`v${before.index}`, `v${after.index}`]}
      />
    </Card>
  );
}

interface Pair {
  before: ObjectVersionDetail;
  after: ObjectVersionDetail;
}

function ValueDifference({ before, after }: Pair) {
  const { t } = useTranslation();
  const [shown, setShown] = useState<"changes" | "all">("changes");
  const rows = useMemo(
    () => compareValues(comparedFields(before), comparedFields(after)),
    [before, after],
  );
  const listed = shown === "all" ? rows : rows.filter((row) => row.kind !== "same");
  if (rows.length === 0 || before.category === "op") return null;
  const names = [`v${before.index}`, `v${after.index}`] as const;
  return (
    <Card
      title={t("objects.tab.values")}
      actions={
        <>
          <DifferenceCounts counts={countKinds(rows)} />
          <Segmented
            label={t("objects.tab.values")}
            value={shown}
            options={[
              { value: "changes", label: t("artifacts.changesOnly") },
              { value: "all", label: t("common.all") },
            ]}
            onValue={setShown}
          />
        </>
      }
    >
      {listed.length === 0 && <p className="muted">{t("objects.sameValues")}</p>}
      {listed.map((row) => {
        const [old, now] = [row.before?.value, row.after?.value];
        if (row.kind === "changed" && (isText(old) || isText(now))) {
          return (
            <section key={row.name} className={styles.longDifference}>
              <h3>
                <DifferenceMark kind={row.kind} /> {row.name}
              </h3>
              <TextDiff before={String(old)} after={String(now)} label={row.name} names={names} />
            </section>
          );
        }
        return (
          <div key={row.name} className={styles.difference} data-kind={row.kind}>
            <span className={styles.differenceName}>
              <DifferenceMark kind={row.kind} /> {row.name}
            </span>
            <span>{row.before ? formatValue(old) : ""}</span>
            <span>{row.after ? formatValue(now) : ""}</span>
          </div>
        );
      })}
    </Card>
  );
}

function Rows({ at, before, after }: { at: ObjectAt; before: string; after: string }) {
  const { t } = useTranslation();
  const old = useQuery(allRowsQuery(at, before));
  const now = useQuery(allRowsQuery(at, after));
  const difference = useMemo(
    () => (old.data && now.data ? compareRows(old.data.rows, now.data.rows) : null),
    [old.data, now.data],
  );
  const problem = old.error ?? now.error;
  if (problem) return <Failure compact title={t("objects.error")} error={problem} />;
  if (!difference || !old.data || !now.data) return <SkeletonRows label={t("common.loading")} />;
  const isCut = Math.max(old.data.total, now.data.total) > MAX_ROWS;
  return (
    <Card title={t("objects.tab.rows")}>
      {isCut && <Notice kind="warning">{t("objects.rowsCut", { count: MAX_ROWS })}</Notice>}
      <RowDifference home={at} difference={difference} />
    </Card>
  );
}
