import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import type { CollectionAt } from "@/api/artifacts";
import { allEntriesQuery, MAX_ENTRIES, versionQuery, versionsQuery } from "@/api/artifacts";
import type { ArtifactCollection, ArtifactEntry, ArtifactVersion } from "@/api/types";
import { Failure } from "@/features/failure";
import { useParam } from "@/features/url";
import type { ArtifactHome } from "@/lib/artifact-links";
import type { Compared, Difference } from "@/lib/difference";
import { compareFiles, compareValues, countKinds } from "@/lib/difference";
import { formatBytes, formatValue } from "@/lib/format";
import { IconButton } from "@/ui/button";
import { Segmented, Select } from "@/ui/field";
import { Blank, Card, Grow, Scroll, Toolbar } from "@/ui/page";
import { Notice, SkeletonRows } from "@/ui/states";
import styles from "./compare.module.css";

/** Lines that are drawn at once. */
const BATCH = 500;

/** What changed from one version to another. */
export function CompareVersions({
  at,
  collection,
}: {
  home: ArtifactHome;
  at: CollectionAt;
  collection: ArtifactCollection;
}) {
  const { t } = useTranslation();
  const newest = collection.newest ?? 0;
  const [a, setA] = useParam("a", `v${Math.max(0, newest - 1)}`);
  const [b, setB] = useParam("b", `v${newest}`);
  const versions = useInfiniteQuery(versionsQuery(at));
  const items = versions.data?.pages.flatMap((page) => page.items) ?? [];
  const before = useQuery(versionQuery({ ...at, version: a }));
  const after = useQuery(versionQuery({ ...at, version: b }));
  const swap = () => {
    setA(b);
    setB(a);
  };
  if (collection.versions < 2) {
    return (
      <Blank icon="compare" title={t("artifacts.fewVersions")}>
        {t("artifacts.fewVersionsText")}
      </Blank>
    );
  }
  const problem = before.error ?? after.error;
  return (
    <>
      <Toolbar>
        <Choice label={t("artifacts.before")} value={a} items={items} onValue={setA} />
        <IconButton icon="refresh" size="s" label={t("artifacts.swap")} onClick={swap} />
        <Choice label={t("artifacts.after")} value={b} items={items} onValue={setB} />
        <Grow />
        {before.data && after.data && (
          <span className="muted numeric">
            {formatBytes(before.data.size)} → {formatBytes(after.data.size)}
          </span>
        )}
      </Toolbar>
      {problem ? (
        <Failure title={t("artifacts.error")} error={problem} />
      ) : before.data && after.data ? (
        <Scroll>
          <MetadataDifference before={before.data} after={after.data} />
          <FileDifference at={at} before={a} after={b} />
        </Scroll>
      ) : (
        <SkeletonRows label={t("common.loading")} />
      )}
    </>
  );
}

function Choice({
  label,
  value,
  items,
  onValue,
}: {
  label: string;
  value: string;
  items: readonly ArtifactVersion[];
  onValue: (version: string) => void;
}) {
  const known = items.some((one) => `v${one.index}` === value);
  return (
    <Select label={label} value={value} onChange={(event) => onValue(event.target.value)}>
      {!known && <option>{value}</option>}
      {items.map((one) => (
        <option key={one.index} value={`v${one.index}`}>
          {[`v${one.index}`, ...one.aliases].join(" · ")}
        </option>
      ))}
    </Select>
  );
}

type Shown = "changes" | "all";

function MetadataDifference({
  before,
  after,
}: {
  before: ArtifactVersion;
  after: ArtifactVersion;
}) {
  const { t } = useTranslation();
  const [shown, setShown] = useState<Shown>("changes");
  const rows = useMemo(
    () => compareValues(before.metadata, after.metadata),
    [before.metadata, after.metadata],
  );
  const counts = countKinds(rows);
  const listed = shown === "all" ? rows : rows.filter((row) => row.kind !== "same");
  const options = [
    { value: "changes" as const, label: t("artifacts.changesOnly") },
    { value: "all" as const, label: t("common.all") },
  ];
  return (
    <Card
      title={t("artifacts.metadata")}
      actions={
        <>
          <Counts counts={counts} />
          <Segmented<Shown>
            label={t("artifacts.metadata")}
            value={shown}
            options={options}
            onValue={setShown}
          />
        </>
      }
    >
      {listed.length === 0 ? (
        <p className="muted">{t("artifacts.sameMetadata")}</p>
      ) : (
        <div className={styles.box}>
          <table className={styles.table}>
            <thead>
              <tr>
                <th scope="col">{t("artifacts.key")}</th>
                <th scope="col">v{before.index}</th>
                <th scope="col">v{after.index}</th>
              </tr>
            </thead>
            <tbody>
              {listed.slice(0, BATCH).map((row) => (
                <tr key={row.name} data-kind={row.kind}>
                  <th scope="row">
                    <Mark kind={row.kind} />
                    {row.name}
                  </th>
                  <td>{row.before ? formatValue(row.before.value) : ""}</td>
                  <td>
                    {row.after ? formatValue(row.after.value) : ""}
                    <Delta before={row.before?.value} after={row.after?.value} />
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </Card>
  );
}

/** By how much a number rose or fell. */
function Delta({ before, after }: { before: unknown; after: unknown }) {
  if (typeof before !== "number" || typeof after !== "number" || before === after) return null;
  const delta = Number((after - before).toPrecision(4));
  return (
    <span className={styles.delta}>
      {delta > 0 ? "+" : "−"}
      {formatValue(Math.abs(delta))}
    </span>
  );
}

function FileDifference({
  at,
  before,
  after,
}: {
  at: CollectionAt;
  before: string;
  after: string;
}) {
  const { t } = useTranslation();
  const [shown, setShown] = useState<Shown>("changes");
  const old = useQuery(allEntriesQuery({ ...at, version: before }));
  const now = useQuery(allEntriesQuery({ ...at, version: after }));
  const rows = useMemo(
    () => (old.data && now.data ? compareFiles(old.data.items, now.data.items) : null),
    [old.data, now.data],
  );
  const problem = old.error ?? now.error;
  if (problem) return <Failure title={t("files.error")} error={problem} />;
  if (!rows) return <SkeletonRows label={t("common.loading")} />;
  const counts = countKinds(rows);
  const listed = shown === "all" ? rows : rows.filter((row) => row.kind !== "same");
  return (
    <Card
      title={t("artifacts.files")}
      actions={
        <>
          <Counts counts={counts} />
          <Segmented<Shown>
            label={t("artifacts.files")}
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
      {(old.data?.more || now.data?.more) && (
        <Notice kind="warning">{t("artifacts.compareCut", { count: MAX_ENTRIES })}</Notice>
      )}
      {listed.length === 0 ? (
        <p className="muted">{t("artifacts.sameFiles")}</p>
      ) : (
        <div className={styles.box}>
          <table className={styles.table}>
            <thead className="visually-hidden">
              <tr>
                <th scope="col">{t("files.name")}</th>
                <th scope="col">{t("files.size")}</th>
              </tr>
            </thead>
            <tbody>
              {listed.slice(0, BATCH).map((row) => (
                <FileRow key={row.name} row={row} />
              ))}
            </tbody>
          </table>
          {listed.length > BATCH && (
            <p className="muted">{t("artifacts.compareMore", { count: listed.length - BATCH })}</p>
          )}
        </div>
      )}
    </Card>
  );
}

function FileRow({ row }: { row: Compared<ArtifactEntry> }) {
  const size = (entry: ArtifactEntry | null) => (entry ? formatBytes(entry.size) : "");
  return (
    <tr data-kind={row.kind}>
      <th scope="row">
        <Mark kind={row.kind} />
        {row.name}
      </th>
      <td className={styles.sizes}>
        {row.kind === "changed" && row.before?.size !== row.after?.size
          ? `${size(row.before)} → ${size(row.after)}`
          : size(row.after ?? row.before)}
      </td>
    </tr>
  );
}

const signs: Record<Difference, string> = { added: "+", removed: "−", changed: "~", same: "=" };

/** The kind of a difference as a sign and, for screen readers, a word. */
function Mark({ kind }: { kind: Difference }) {
  const { t } = useTranslation();
  return (
    <span className={styles.mark} data-kind={kind} title={t(`artifacts.difference.${kind}`)}>
      <span aria-hidden="true">{signs[kind]}</span>
      <span className="visually-hidden">{t(`artifacts.difference.${kind}`)}</span>
    </span>
  );
}

function Counts({ counts }: { counts: Record<Difference, number> }) {
  const { t } = useTranslation();
  return (
    <span className={styles.counts}>
      {(["added", "removed", "changed", "same"] as const)
        .filter((kind) => counts[kind] > 0)
        .map((kind) => (
          <span key={kind} data-kind={kind}>
            {t(`artifacts.counted.${kind}`, { count: counts[kind] })}
          </span>
        ))}
    </span>
  );
}
