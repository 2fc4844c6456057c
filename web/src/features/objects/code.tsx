import { useQueries, useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import type { ObjectAt, ObjectHome } from "@/api/objects";
import { objectTextQuery, objectVersionQuery } from "@/api/objects";
import type { ObjectFile, ObjectVersionDetail } from "@/api/types";
import { Failure } from "@/features/failure";
import { flatten } from "@/lib/flatten";
import { readReference } from "@/lib/object-links";
import { highlightPython } from "@/lib/python";
import { CopyButton } from "@/ui/copy";
import { Blank, Card, Scroll } from "@/ui/page";
import { SkeletonRows } from "@/ui/states";
import { TextDiff } from "@/ui/text-diff";
import { ReferenceLink } from "./category";
import styles from "./objects.module.css";

/** The code of an op, or of the ops that a model is made of. */
export function ObjectCode({ at, version }: { at: ObjectAt; version: ObjectVersionDetail }) {
  const { t } = useTranslation();
  const ops = useMemo(() => opsOf(version.value), [version.value]);
  if (version.files.length === 0 && ops.length === 0) {
    return (
      <Blank icon="file" title={t("objects.noCode")}>
        {t("objects.noCodeText")}
      </Blank>
    );
  }
  return (
    <Scroll wide>
      {version.files.map((file) => (
        <CodeFile key={file.name} home={at} file={file} />
      ))}
      {ops.map(([path, ref]) => (
        <OpCode key={path} path={path} text={ref} />
      ))}
    </Scroll>
  );
}

/** Ops among the fields of a value, by their paths. */
function opsOf(value: unknown): [string, string][] {
  return flatten(value).filter(
    (entry): entry is [string, string] => readReference(entry[1])?.kind === "op",
  );
}

/** The code of the op that a reference names. */
export function OpCode({ path, text }: { path?: string; text: string }) {
  const { t } = useTranslation();
  const ref = readReference(text);
  const op = ref?.kind === "op" ? ref : null;
  const at: ObjectAt = {
    entity: op?.entity ?? "",
    project: op?.project ?? "",
    kind: "op",
    name: op?.name ?? "",
  };
  const found = useQuery({
    ...objectVersionQuery(at, op?.version ?? ""),
    enabled: op !== null,
    retry: false,
  });
  if (op === null) return null;
  return (
    <section className={styles.opCode} aria-label={op.name}>
      <header>
        {path && path !== op.name && <span className="muted">{path}</span>}
        <ReferenceLink text={text} />
        {found.data && <span className={styles.index}>v{found.data.index}</span>}
      </header>
      {found.isPending && <SkeletonRows rows={4} label={t("common.loading")} />}
      {found.isError && <Failure compact title={t("objects.noOp")} error={found.error} />}
      {found.data?.files.map((file) => (
        <CodeFile key={file.name} home={at} file={file} />
      ))}
      {found.data?.files.length === 0 && <p className="muted">{t("objects.noCodeText")}</p>}
    </section>
  );
}

function CodeFile({ home, file }: { home: ObjectHome; file: ObjectFile }) {
  const { t } = useTranslation();
  const text = useQuery(objectTextQuery(home, file.digest));
  if (text.isPending) return <SkeletonRows rows={6} label={t("common.loading")} />;
  if (text.isError) {
    return (
      <Failure compact title={t("objects.noCode")} error={text.error} onRetry={text.refetch} />
    );
  }
  return <CodeText name={file.name} text={text.data} />;
}

/** Python with its lines numbered. */
export function CodeText({ name, text }: { name: string; text: string }) {
  const { t } = useTranslation();
  const lines = useMemo(() => highlightPython(text.replace(/\n$/, "")), [text]);
  return (
    <figure className={styles.code}>
      <figcaption>
        <span>{name}</span>
        <CopyButton text={text} label={t("common.copy")} done={t("common.copied")} />
      </figcaption>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: keys can scroll it */}
      <pre tabIndex={0}>
        {lines.map((line, number) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: lines never move
          <span key={number} className={styles.codeLine}>
            <span className={styles.lineNumber} aria-hidden="true">
              {number + 1}
            </span>
            <code>
              {line.map((token, place) =>
                token.kind === "text" ? (
                  token.text
                ) : (
                  // biome-ignore lint/suspicious/noArrayIndexKey: tokens never move
                  <span key={place} data-token={token.kind}>
                    {token.text}
                  </span>
                ),
              )}
              {"\n"}
            </code>
          </span>
        ))}
      </pre>
    </figure>
  );
}

/** The texts of the files of a version. */
function useCodes(home: ObjectHome, version: ObjectVersionDetail | undefined) {
  return useQueries({
    queries: (version?.files ?? []).map((file) => objectTextQuery(home, file.digest)),
    combine: (results) => ({
      pending: results.some((result) => result.isPending),
      texts: new Map(
        (version?.files ?? []).map((file, index) => [file.name, results[index]?.data ?? ""]),
      ),
    }),
  });
}

/** What the code of two versions does not have in common. */
export function CodeDifference({
  at,
  before,
  after,
}: {
  at: ObjectHome;
  before: ObjectVersionDetail;
  after: ObjectVersionDetail;
}) {
  const { t } = useTranslation();
  const old = useCodes(at, before);
  const now = useCodes(at, after);
  const names = [...new Set([...old.texts.keys(), ...now.texts.keys()])];
  if (names.length === 0) return null;
  if (old.pending || now.pending) return <SkeletonRows label={t("common.loading")} />;
  return (
    <Card title={t("objects.tab.code")}>
      {names.map((name) => (
        <TextDiff
          key={name}
          before={old.texts.get(name) ?? ""}
          after={now.texts.get(name) ?? ""}
          label={name}
          names={[`v${before.index} · ${name}`, `v${after.index} · ${name}`]}
        />
      ))}
    </Card>
  );
}
