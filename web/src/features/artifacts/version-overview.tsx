import { Link } from "@tanstack/react-router";
import { useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import type { ArtifactVersion } from "@/api/types";
import { Moment } from "@/features/moment";
import { ValueTree } from "@/features/run/value-tree";
import type { ArtifactHome } from "@/lib/artifact-links";
import { runHref, versionHref } from "@/lib/artifact-links";
import { flatten } from "@/lib/flatten";
import { formatBytes, formatDate, formatUtc } from "@/lib/format";
import { Button, IconButton } from "@/ui/button";
import { CopyButton } from "@/ui/copy";
import { EditableText } from "@/ui/editing";
import { SearchInput, Select } from "@/ui/field";
import { Card, Column, Columns, type Fact, Facts } from "@/ui/page";
import { EmptyState } from "@/ui/states";
import { useHomeOf } from "./home";
import { Neighbours } from "./neighbours";
import { TTL_FOR_EVER, TTL_INHERITED, ttlChoices, useTtlLabel } from "./ttl";
import styles from "./version.module.css";
import { useCanChange, useChangeVersion } from "./version-marks";

/** What is known about a version, and what people wrote about it. */
export function VersionOverview({
  home,
  version,
  narrow = false,
}: {
  home: ArtifactHome;
  version: ArtifactVersion;
  narrow?: boolean;
}) {
  const left = (
    <Column>
      <Description version={version} />
      <About version={version} />
      <Neighbours home={home} version={version} />
    </Column>
  );
  const right = (
    <Column>
      <Metadata version={version} />
    </Column>
  );
  if (narrow) {
    return (
      <Column>
        {right}
        {left}
      </Column>
    );
  }
  return (
    <Columns>
      {left}
      {right}
    </Columns>
  );
}

function Description({ version }: { version: ArtifactVersion }) {
  const { t } = useTranslation();
  const canChange = useCanChange(version);
  const change = useChangeVersion(version);
  const [draft, setDraft] = useState<string | null>(null);
  const text = version.description ?? "";
  if (!canChange && text === "") return null;
  return (
    <Card
      title={t("artifacts.description")}
      actions={
        canChange &&
        draft === null && (
          <IconButton
            icon="edit"
            size="s"
            label={t("artifacts.describe")}
            onClick={() => setDraft(text)}
          />
        )
      }
    >
      <EditableText
        text={text}
        label={t("artifacts.description")}
        placeholder={t("artifacts.descriptionPlaceholder")}
        draft={draft}
        onDraft={setDraft}
        busy={change.isPending}
        onText={(description) =>
          change.mutate({ description }, { onSuccess: () => setDraft(null) })
        }
        words={{ save: t("common.save"), cancel: t("common.cancel") }}
      />
    </Card>
  );
}

function Copyable({ text }: { text: string }) {
  const { t } = useTranslation();
  return (
    <span className={styles.copyable}>
      <code>{text}</code>
      <CopyButton text={text} label={t("common.copy")} done={t("common.copied")} />
    </span>
  );
}

function About({ version }: { version: ArtifactVersion }) {
  const { t, i18n } = useTranslation();
  const homeOf = useHomeOf();
  const { made_by: by, source } = version;
  const made = version.committed_at ?? version.created_at;
  const facts: Fact[] = [
    [
      t("artifacts.madeBy"),
      by && <Link to={runHref(by.entity, by.project, by.run) as "/"}>{by.title}</Link>,
    ],
    [
      t("artifacts.source"),
      source && (
        <Link to={versionHref(homeOf(source), source.type, source.collection, source.index) as "/"}>
          {source.entity}/{source.project}/{source.collection}:v{source.index}
        </Link>
      ),
    ],
    [
      t("artifacts.created"),
      <time key="made" title={formatUtc(made)}>
        {formatDate(made, i18n.language)}
      </time>,
    ],
    [t("artifacts.size"), formatBytes(version.size)],
    [t("artifacts.files"), version.file_count.toLocaleString()],
    [t("artifacts.historyStep"), version.history_step],
    [t("artifacts.keep"), <Keep key="keep" version={version} />],
    [
      t("artifacts.fullName"),
      <Copyable
        key="name"
        text={`${version.entity}/${version.project}/${version.collection}:v${version.index}`}
      />,
    ],
    [t("artifacts.digest"), <Copyable key="digest" text={version.digest} />],
  ];
  return (
    <Card title={t("artifacts.about")}>
      <Facts facts={facts} />
    </Card>
  );
}

/** How long the version is kept, and the choice of another time. */
function Keep({ version }: { version: ArtifactVersion }) {
  const { t } = useTranslation();
  const label = useTtlLabel();
  const canChange = useCanChange(version);
  const change = useChangeVersion(version);
  const [editing, setEditing] = useState(false);
  const until = version.expires_at && (
    <span className="muted">
      {t("artifacts.expires")} <Moment at={version.expires_at} />
    </span>
  );
  if (!editing) {
    return (
      <span className={styles.keep}>
        {label(version.ttl)}
        {until}
        {canChange && (
          <IconButton
            icon="edit"
            size="s"
            label={t("artifacts.changeKeep")}
            onClick={() => setEditing(true)}
          />
        )}
      </span>
    );
  }
  const choices = [TTL_INHERITED, TTL_FOR_EVER, ...ttlChoices];
  const all = choices.includes(version.ttl) ? choices : [...choices, version.ttl];
  return (
    <span className={styles.keep}>
      <Select
        label={t("artifacts.keep")}
        value={String(version.ttl)}
        onChange={(event) =>
          change.mutate({ ttl: Number(event.target.value) }, { onSuccess: () => setEditing(false) })
        }
      >
        {all.map((ttl) => (
          <option key={ttl} value={ttl}>
            {label(ttl)}
          </option>
        ))}
      </Select>
      <Button size="s" variant="ghost" onClick={() => setEditing(false)}>
        {t("common.cancel")}
      </Button>
    </span>
  );
}

function Metadata({ version }: { version: ArtifactVersion }) {
  const { t } = useTranslation();
  const [search, setSearch] = useState("");
  const values = version.metadata as Record<string, unknown>;
  const count = useMemo(() => flatten(values).length, [values]);
  return (
    <Card
      title={t("artifacts.metadata")}
      count={count > 0 ? count : undefined}
      actions={
        count > 0 && (
          <>
            {count > 5 && (
              <SearchInput
                className={styles.cardSearch}
                label={t("artifacts.searchMetadata")}
                placeholder={t("common.search")}
                value={search}
                onValue={setSearch}
              />
            )}
            <CopyButton
              text={JSON.stringify(values, null, 2)}
              label={t("run.copyJson")}
              done={t("common.copied")}
            />
          </>
        )
      }
    >
      {count === 0 ? (
        <EmptyState compact icon="table" title={t("artifacts.noMetadata")}>
          {t("artifacts.noMetadataText")}
        </EmptyState>
      ) : (
        <ValueTree values={values} search={search} />
      )}
    </Card>
  );
}
