import { useQueries, useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import { runOutputsQuery } from "@/api/artifacts";
import { filesQuery, fileTextQuery } from "@/api/files";
import { runQuery } from "@/api/runs";
import type { ArtifactVersion, Run, RunFile } from "@/api/types";
import { useHomeOf } from "@/features/artifacts/home";
import { Failure } from "@/features/failure";
import { CodeText } from "@/features/objects/code";
import { versionHref } from "@/lib/artifact-links";
import { formatBytes } from "@/lib/format";
import type { PatchFile } from "@/lib/patch";
import { readPatch } from "@/lib/patch";
import type { Params } from "@/lib/view";
import { Tag } from "@/ui/chip";
import { CodeBlock } from "@/ui/code";
import { Icon } from "@/ui/icon";
import { Blank } from "@/ui/page";
import { EmptyState, Notice, SkeletonRows } from "@/ui/states";
import { DiffTable, TextDiff } from "@/ui/text-diff";
import styles from "./code.module.css";
import files from "./files.module.css";
import { RunPick, useBaseRun } from "./pick-run";

const FOLDER = "code/";
/** Larger texts are for an editor. */
const MOST = 2_000_000;
/** Changes of a file that are shown without being asked for. */
const MOST_ROWS = 600;

const isPatch = (path: string) => /\.(patch|diff)$/i.test(path);
const isCode = (path: string) => path.startsWith(FOLDER);

/** The program of a run: what it changed since its commit, its files, beside those of another. */
export function RunCode({ run }: { run: Run }) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const asked = (useSearch({ strict: false }) as Params).file;
  const [base, chooseBase] = useBaseRun();
  const { entity, project } = run;
  const all = useQuery(filesQuery(entity, project, run.id));
  const made = useQuery(runOutputsQuery({ entity, project }, run.id));
  const other = useQuery({ ...runQuery(entity, project, base ?? ""), enabled: base !== null });
  const others = useQuery({ ...filesQuery(entity, project, base ?? ""), enabled: base !== null });
  if (all.isPending) return <SkeletonRows label={t("common.loading")} />;
  if (all.isError) {
    return <Failure title={t("files.error")} error={all.error} onRetry={all.refetch} />;
  }
  const patches = all.data.filter((file) => isPatch(file.path));
  const code = all.data.filter((file) => isCode(file.path) && !isPatch(file.path));
  const gone = (others.data ?? []).filter(
    (file) => isCode(file.path) && !all.data.some((own) => own.path === file.path),
  );
  const versions = (made.data ?? []).filter((version) => version.type === "code");
  if (patches.length + code.length + gone.length === 0) {
    return <NoCode versions={versions} />;
  }
  const listed = [...patches, ...code, ...gone];
  const chosen = listed.find((file) => file.path === asked) ?? listed[0];
  const twin = (others.data ?? []).find((file) => file.path === chosen?.path);
  const choose = (path: string) =>
    navigate({
      to: ".",
      replace: true,
      search: (old) => ({ ...(old as Params), file: path }),
    });
  const item = (file: RunFile) => (
    <li key={file.path}>
      <button
        type="button"
        aria-current={file === chosen || undefined}
        onClick={() => choose(file.path)}
      >
        <Icon name={isPatch(file.path) ? "compare" : "file"} size={15} />
        <span className={files.path}>{file.path.replace(FOLDER, "")}</span>
        <span className={files.meta}>
          {gone.includes(file) ? t("code.onlyThere") : formatBytes(file.size)}
        </span>
      </button>
    </li>
  );
  return (
    <div className={`${files.files} ${styles.page}`} data-chosen="">
      <nav className={files.side} aria-label={t("code.files")}>
        <div className={files.head}>
          <RunPick run={run} chosen={base} onChoose={chooseBase} />
          {other.data && (
            <span className="muted">{t("code.beside", { name: other.data.display_name })}</span>
          )}
        </div>
        <div className={files.list}>
          {patches.length > 0 && <h3 className={styles.kind}>{t("code.changes")}</h3>}
          <ul>{patches.map(item)}</ul>
          {code.length + gone.length > 0 && <h3 className={styles.kind}>{t("code.files")}</h3>}
          <ul>{[...code, ...gone].map(item)}</ul>
          <Versions versions={versions} />
        </div>
      </nav>
      <div className={`${files.preview} ${styles.body}`}>
        {base !== null && others.isError && (
          <Failure compact title={t("files.error")} error={others.error} onRetry={others.refetch} />
        )}
        {chosen && base === null && <CodeOf key={chosen.path} run={run} file={chosen} />}
        {chosen && base !== null && others.isSuccess && other.data && (
          <Difference
            key={chosen.path}
            before={twin ? { run: other.data, file: twin } : null}
            after={gone.includes(chosen) ? null : { run, file: chosen }}
            names={[other.data.display_name, run.display_name]}
          />
        )}
      </div>
    </div>
  );
}

/** Code that was logged as an artifact. */
function Versions({ versions }: { versions: readonly ArtifactVersion[] }) {
  const { t } = useTranslation();
  const homeOf = useHomeOf();
  if (versions.length === 0) return null;
  return (
    <>
      <h3 className={styles.kind}>{t("code.artifacts")}</h3>
      <ul>
        {versions.map((one) => (
          <li key={one.id}>
            <Link
              to={versionHref(homeOf(one), one.type, one.collection, one.index, "files") as "/"}
              className={styles.artifact}
            >
              <Icon name="box" size={15} />
              <span className="truncate">
                {one.collection}:v{one.index}
              </span>
            </Link>
          </li>
        ))}
      </ul>
    </>
  );
}

function NoCode({ versions }: { versions: readonly ArtifactVersion[] }) {
  const { t } = useTranslation();
  return (
    <Blank icon="file" title={t("code.empty")}>
      <p>{t("code.emptyText")}</p>
      <CodeBlock
        label="wandb"
        text={"wandb.init(settings=wandb.Settings(save_code=True))\nwandb.run.log_code()"}
      />
      <Versions versions={versions} />
    </Blank>
  );
}

function useText(run: Run, file: RunFile) {
  const small = file.size <= MOST;
  return useQuery({
    ...fileTextQuery(run.entity, run.project, run.id, file),
    enabled: small,
  });
}

function CodeOf({ run, file }: { run: Run; file: RunFile }) {
  const { t } = useTranslation();
  const text = useText(run, file);
  if (file.size > MOST) {
    return <EmptyState icon="file" title={t("files.tooBig", { size: formatBytes(file.size) })} />;
  }
  if (text.isPending) return <SkeletonRows label={t("common.loading")} />;
  if (text.isError) {
    return <Failure title={t("files.previewError")} error={text.error} onRetry={text.refetch} />;
  }
  return isPatch(file.path) ? (
    <Patch text={text.data} path={file.path} />
  ) : (
    <CodeText name={file.path.replace(FOLDER, "")} text={text.data} />
  );
}

function Patch({ text, path }: { text: string; path: string }) {
  const { t } = useTranslation();
  const patch = useMemo(() => {
    try {
      return readPatch(text);
    } catch {
      return [];
    }
  }, [text]);
  if (patch.length === 0) return <CodeText name={path} text={text} />;
  const sum = (side: "added" | "removed") => patch.reduce((sum, file) => sum + file[side], 0);
  return (
    <>
      <p className={styles.sum}>
        {t("code.changed", { count: patch.length })} <Counts of={sum} />
      </p>
      {patch.map((file) => (
        <PatchedFile key={file.path} file={file} />
      ))}
    </>
  );
}

function Counts({ of }: { of: (side: "added" | "removed") => number }) {
  return (
    <span className="numeric">
      <span className={styles.added}>+{of("added")}</span>{" "}
      <span className={styles.removed}>−{of("removed")}</span>
    </span>
  );
}

function PatchedFile({ file }: { file: PatchFile }) {
  const { t } = useTranslation();
  const count = file.parts.reduce((sum, part) => sum + part.rows.length, 0);
  return (
    <details className={styles.file} open={count <= MOST_ROWS}>
      <summary>
        <span className={styles.path}>{file.path}</span>
        {file.kind !== "changed" && <Tag>{t(`code.${file.kind}`)}</Tag>}
        <Counts of={(side) => file[side]} />
      </summary>
      {file.parts.length === 0 && <p className="muted">{t("code.binary")}</p>}
      {file.parts.map((part) => (
        <DiffTable
          key={part.title}
          rows={part.rows}
          label={`${file.path} ${part.title}`}
          names={[part.title, ""]}
        />
      ))}
    </details>
  );
}

interface Placed {
  run: Run;
  file: RunFile;
}

/** One file of two runs; where one does not have it, the text of the other. */
function Difference({
  before,
  after,
  names,
}: {
  before: Placed | null;
  after: Placed | null;
  names: readonly [string, string];
}) {
  const { t } = useTranslation();
  const sides = [before, after];
  const texts = useQueries({
    queries: sides.map((side) => ({
      ...fileTextQuery(
        side?.run.entity ?? "",
        side?.run.project ?? "",
        side?.run.id ?? "",
        side?.file ?? NO_FILE,
      ),
      enabled: side !== null && side.file.size <= MOST,
    })),
  });
  const [old, now] = sides.map((side, index) => (side ? texts[index]?.data : ""));
  const failed = texts.find((text) => text.isError);
  const path = (after ?? before)?.file.path.replace(FOLDER, "") ?? "";
  if (sides.some((side) => side !== null && side.file.size > MOST)) {
    return <EmptyState icon="file" title={t("code.tooBig")} />;
  }
  if (failed) {
    return (
      <Failure title={t("files.previewError")} error={failed.error} onRetry={failed.refetch} />
    );
  }
  if (old === undefined || now === undefined) return <SkeletonRows label={t("common.loading")} />;
  const missing = before === null ? names[0] : after === null ? names[1] : null;
  return (
    <>
      {missing !== null && <Notice>{t("code.missing", { name: missing })}</Notice>}
      <TextDiff before={old} after={now} label={path} names={names} />
    </>
  );
}

const NO_FILE: RunFile = { path: "", size: 0, updated_at: "", media_type: "" };
