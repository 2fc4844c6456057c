import type { ReactNode } from "react";
import { useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import type { Environment, Run } from "@/api/types";
import { flatten } from "@/lib/flatten";
import { formatBytes, formatDate, formatUtc } from "@/lib/format";
import { CopyButton } from "@/ui/copy";
import { SearchInput } from "@/ui/field";
import { EmptyState } from "@/ui/states";
import { RunComparison } from "./compare";
import { Notes } from "./notes";
import styles from "./run.module.css";
import { ValueTable } from "./value-table";
import { ValueTree } from "./value-tree";

/** Where the run came from, with which settings, and what came out. */
export function RunOverview({ run, narrow = false }: { run: Run; narrow?: boolean }) {
  const { t } = useTranslation();
  return (
    <div className={styles.columns} data-narrow={narrow || undefined}>
      <div className={styles.column}>
        <Notes run={run} />
        <Facts run={run} />
        <EnvironmentCard environment={run.environment as Environment} />
        {!narrow && <RunComparison run={run} />}
      </div>
      <div className={styles.column}>
        <Values
          title={t("run.summary")}
          search={t("run.searchSummary")}
          values={run.summary}
          empty={[t("run.noSummary"), t("run.noSummaryText")]}
          table
        />
        <Values
          title={t("run.config")}
          search={t("run.searchConfig")}
          values={run.config}
          empty={[t("run.noConfig"), t("run.noConfigText")]}
        />
      </div>
    </div>
  );
}

function Facts({ run }: { run: Run }) {
  const { t, i18n } = useTranslation();
  const moment = (at: string | null) =>
    at && <time title={formatUtc(at)}>{formatDate(at, i18n.language)}</time>;
  const facts: [string, ReactNode][] = [
    [
      t("run.id"),
      <span key="id" className={styles.copyable}>
        <code>{run.id}</code>
        <CopyButton text={run.id} label={t("common.copy")} done={t("common.copied")} />
      </span>,
    ],
    [t("run.user"), run.user],
    [t("run.started"), moment(run.started_at ?? run.created_at)],
    [t("run.finished"), moment(run.finished_at)],
    [t("run.group"), run.group],
    [t("run.jobType"), run.job_type],
  ];
  return (
    <section className={styles.card}>
      <FactList facts={facts} />
    </section>
  );
}

function FactList({ facts }: { facts: readonly [string, ReactNode][] }) {
  return (
    <dl className={styles.facts}>
      {facts
        .filter(([, value]) => value !== null && value !== undefined && value !== "")
        .map(([label, value]) => (
          <div key={label}>
            <dt>{label}</dt>
            <dd>{value}</dd>
          </div>
        ))}
    </dl>
  );
}

function gpuNames(gpus: readonly Record<string, unknown>[] | undefined): string {
  const counts = new Map<string, number>();
  for (const gpu of gpus ?? []) {
    const name = String(gpu.name ?? gpu.model ?? "GPU");
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return [...counts].map(([name, count]) => (count > 1 ? `${count} × ${name}` : name)).join(", ");
}

function EnvironmentCard({ environment }: { environment: Environment }) {
  const { t } = useTranslation();
  const { cpu_count: cores, cpu_count_logical: threads } = environment;
  const command = [environment.program, ...(environment.arguments ?? [])].filter(Boolean).join(" ");
  const packages = Object.entries(environment.packages ?? {});
  const code = (text: string | null | undefined) => text && <code>{text}</code>;
  const cpu =
    cores && threads && cores !== threads
      ? t("run.cpuCores", { physical: cores, logical: threads })
      : (cores ?? threads);
  const facts: [string, ReactNode][] = [
    [t("run.program"), code(command)],
    [t("run.directory"), code(environment.directory)],
    [t("run.host"), environment.host],
    [t("run.os"), environment.os],
    [t("run.python"), environment.python],
    [t("run.cpu"), cpu],
    [t("run.memory"), environment.memory_bytes && formatBytes(environment.memory_bytes)],
    [t("run.gpu"), gpuNames(environment.gpus)],
    [t("run.commit"), code(environment.git_commit)],
    [t("run.remote"), environment.git_remote],
    [t("run.client"), environment.client],
  ];
  const known = facts.some(([, value]) => value);
  return (
    <section className={styles.card}>
      <h2>{t("run.environment")}</h2>
      {known ? <FactList facts={facts} /> : <p className="muted">{t("run.nothingKnown")}</p>}
      {packages.length > 0 && (
        <details className={styles.packages}>
          <summary>
            {t("run.packages")} ({packages.length})
          </summary>
          <pre>{packages.map(([name, version]) => `${name}==${version}`).join("\n")}</pre>
        </details>
      )}
    </section>
  );
}

function Values({
  title,
  search: searchLabel,
  values,
  empty,
  table = false,
}: {
  title: string;
  search: string;
  values: Record<string, unknown>;
  empty: [string, string];
  table?: boolean;
}) {
  const { t } = useTranslation();
  const [search, setSearch] = useState("");
  const shown = useMemo(
    () =>
      Object.fromEntries(Object.entries(values).filter(([key]) => !table || !key.startsWith("_"))),
    [values, table],
  );
  const count = useMemo(() => flatten(shown).length, [shown]);
  return (
    <section className={styles.card}>
      <header className={styles.cardHead}>
        <h2>{title}</h2>
        {count > 0 && <span className="muted numeric">{count}</span>}
        <span className={styles.grow} />
        {count > 5 && (
          <SearchInput
            className={styles.cardSearch}
            label={searchLabel}
            placeholder={t("common.search")}
            value={search}
            onValue={setSearch}
          />
        )}
        {count > 0 && (
          <CopyButton
            text={JSON.stringify(shown, null, 2)}
            label={t("run.copyJson")}
            done={t("common.copied")}
          />
        )}
      </header>
      {count === 0 ? (
        <EmptyState compact icon="table" title={empty[0]}>
          {empty[1]}
        </EmptyState>
      ) : table ? (
        <ValueTable values={shown} search={search} />
      ) : (
        <ValueTree values={shown} search={search} />
      )}
    </section>
  );
}
