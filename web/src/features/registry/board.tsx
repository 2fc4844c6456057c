import { useInfiniteQuery, useMutation, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import type { CollectionAt } from "@/api/artifacts";
import { artifactKeys, putAlias, versionsQuery } from "@/api/artifacts";
import type { ArtifactCollection, ArtifactVersion } from "@/api/types";
import { useCanWrite } from "@/features/artifacts/can-write";
import { useProtected } from "@/features/artifacts/protected";
import { Failure, useFailureToast } from "@/features/failure";
import { Moment } from "@/features/moment";
import type { ArtifactHome } from "@/lib/artifact-links";
import { collectionHref, versionHref } from "@/lib/artifact-links";
import { flatten } from "@/lib/flatten";
import { formatNumber } from "@/lib/format";
import type { Params } from "@/lib/view";
import { buttonClass } from "@/ui/button";
import { Alias } from "@/ui/chip";
import { Input, Select } from "@/ui/field";
import { Icon } from "@/ui/icon";
import { SkeletonRows } from "@/ui/states";
import { toast } from "@/ui/toast";
import styles from "./board.module.css";
import { useProtectedAliases } from "./protected-aliases";

/** Numbers of the metadata that a card shows. */
const NUMBERS = 3;
/** Where models are measured against what is in use. */
const STANDARD = "production";

/** Aliases as places that versions are put into, by hand or by mouse. */
export function AliasBoard({
  home,
  at,
  collection,
}: {
  home: ArtifactHome;
  at: CollectionAt;
  collection: ArtifactCollection;
}) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const fail = useFailureToast();
  const canWrite = useCanWrite(home);
  const query = useInfiniteQuery(versionsQuery(at));
  const guarded = useProtectedAliases(home);
  const versions = useMemo(
    () => query.data?.pages.flatMap((page) => page.items) ?? [],
    [query.data],
  );
  const [added, setAdded] = useState<readonly string[]>([]);
  const aliases = useMemo(() => {
    const given = versions.flatMap((version) => version.aliases);
    return [...new Set([...guarded, ...given, ...added])].filter((alias) => alias !== "latest");
  }, [versions, guarded, added]);
  const standard = versions.find((version) => version.aliases.includes(STANDARD));
  const put = useMutation({
    mutationFn: ({ alias, index }: { alias: string; index: number }) =>
      putAlias({ ...at, version: `v${index}` }, alias),
    onSuccess: (changed, { alias }) => {
      toast(t("registry.promoted", { alias, version: `v${changed.index}` }));
      void client.invalidateQueries({ queryKey: artifactKeys.project(home) });
    },
    onError: fail,
  });
  if (query.isPending) return <SkeletonRows label={t("common.loading")} />;
  if (query.isError) {
    return <Failure title={t("artifacts.error")} error={query.error} onRetry={query.refetch} />;
  }
  return (
    <div className={styles.board}>
      <section className={styles.column} aria-label={t("artifacts.versions")}>
        <h2>{t("artifacts.versions")}</h2>
        {canWrite && <p className="muted">{t("registry.boardLead")}</p>}
        {versions.map((version) => (
          <VersionCard
            key={version.index}
            home={home}
            collection={collection}
            version={version}
            standard={standard}
            draggable={canWrite}
          />
        ))}
      </section>
      {aliases.map((alias) => (
        <Place
          key={alias}
          home={home}
          collection={collection}
          alias={alias}
          versions={versions}
          standard={standard}
          canWrite={canWrite}
          onPut={(index) => put.mutate({ alias, index })}
        />
      ))}
      {canWrite && <NewPlace onAdd={(alias) => setAdded([...added, alias])} />}
    </div>
  );
}

interface CardProps {
  home: ArtifactHome;
  collection: ArtifactCollection;
  version: ArtifactVersion;
  standard: ArtifactVersion | undefined;
  draggable?: boolean;
}

const numbersOf = (version: ArtifactVersion | undefined) =>
  new Map(
    flatten(version?.metadata ?? {}).filter(
      (entry): entry is [string, number] => typeof entry[1] === "number",
    ),
  );

const MIME = "application/x-kiseki-version";

function VersionCard({ home, collection, version, standard, draggable }: CardProps) {
  const numbers = [...numbersOf(version)].slice(0, NUMBERS);
  const others = numbersOf(standard);
  const isStandard = standard?.index === version.index;
  const { source } = version;
  return (
    <article
      className={styles.card}
      draggable={draggable}
      data-draggable={draggable || undefined}
      onDragStart={(event) => {
        event.dataTransfer.setData(MIME, String(version.index));
        event.dataTransfer.effectAllowed = "link";
      }}
    >
      <header>
        <Link
          to={versionHref(home, collection.type, collection.name, version.index) as "/"}
          draggable={false}
        >
          v{version.index}
        </Link>
        {source && (
          <span className="muted truncate" title={`${source.entity}/${source.project}`}>
            {source.collection}:v{source.index}
          </span>
        )}
      </header>
      {numbers.length > 0 && (
        <dl>
          {numbers.map(([key, value]) => (
            <div key={key}>
              <dt className="truncate" title={key}>
                {key}
              </dt>
              <dd>
                {formatNumber(value, 4)}
                {!isStandard && <Delta value={value} from={others.get(key)} />}
              </dd>
            </div>
          ))}
        </dl>
      )}
      <footer>
        {version.aliases.map((alias) => (
          <Alias key={alias}>{alias}</Alias>
        ))}
        <span className="muted">
          <Moment at={version.created_at} />
        </span>
      </footer>
    </article>
  );
}

/** By how much a number differs from that of the version in use. */
function Delta({ value, from }: { value: number; from: number | undefined }) {
  if (from === undefined || from === value) return null;
  const delta = Number((value - from).toPrecision(3));
  return (
    <small className="muted">
      {delta > 0 ? "+" : "−"}
      {formatNumber(Math.abs(delta), 3)}
    </small>
  );
}

function Place({
  home,
  collection,
  alias,
  versions,
  standard,
  canWrite,
  onPut,
}: Omit<CardProps, "version"> & {
  alias: string;
  versions: readonly ArtifactVersion[];
  canWrite: boolean;
  onPut: (index: number) => void;
}) {
  const { t } = useTranslation();
  const guarded = useProtected(home)(alias);
  const [over, setOver] = useState(false);
  const held = versions.find((version) => version.aliases.includes(alias));
  const allow = (event: React.DragEvent) => {
    if (!canWrite || !event.dataTransfer.types.includes(MIME)) return;
    event.preventDefault();
    setOver(true);
  };
  const drop = (event: React.DragEvent) => {
    event.preventDefault();
    setOver(false);
    const index = Number(event.dataTransfer.getData(MIME));
    if (Number.isInteger(index) && index !== held?.index) onPut(index);
  };
  const compare: Params = {
    tab: "compare",
    a: `v${standard?.index ?? 0}`,
    b: `v${held?.index ?? 0}`,
  };
  return (
    <section
      className={styles.column}
      aria-label={alias}
      data-over={over || undefined}
      onDragOver={allow}
      onDragLeave={() => setOver(false)}
      onDrop={drop}
    >
      <h2>
        {guarded && (
          <span title={guarded}>
            <Icon name="lock" size={13} />
            <span className="visually-hidden">{guarded}</span>
          </span>
        )}
        {alias}
      </h2>
      {canWrite && (
        <Select
          label={t("registry.choose", { alias })}
          value={held ? String(held.index) : ""}
          onChange={(event) => event.target.value !== "" && onPut(Number(event.target.value))}
        >
          {!held && <option value="">{t("registry.nothingHere")}</option>}
          {versions.map((version) => (
            <option key={version.index} value={version.index}>
              v{version.index}
              {version.source ? ` – ${version.source.collection}:v${version.source.index}` : ""}
            </option>
          ))}
        </Select>
      )}
      {held ? (
        <VersionCard home={home} collection={collection} version={held} standard={standard} />
      ) : (
        <p className={styles.vacant}>{t("registry.vacant")}</p>
      )}
      {held && standard && held.index !== standard.index && (
        <Link
          to={collectionHref(home, collection.type, collection.name) as "/"}
          search={compare}
          className={buttonClass("default", "s")}
        >
          <Icon name="compare" size={13} />
          {t("registry.compareStandard", { alias: STANDARD })}
        </Link>
      )}
    </section>
  );
}

function NewPlace({ onAdd }: { onAdd: (alias: string) => void }) {
  const { t } = useTranslation();
  const [name, setName] = useState("");
  return (
    <form
      className={styles.column}
      onSubmit={(event) => {
        event.preventDefault();
        if (name.trim() !== "") onAdd(name.trim());
        setName("");
      }}
    >
      <Input
        aria-label={t("artifacts.addAlias")}
        placeholder={t("artifacts.addAlias")}
        value={name}
        maxLength={128}
        onChange={(event) => setName(event.target.value)}
      />
    </form>
  );
}
