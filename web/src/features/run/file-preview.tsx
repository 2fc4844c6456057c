import { useQuery } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { fileBytesQuery } from "@/api/files";
import type { Run, RunFile } from "@/api/types";
import { Failure } from "@/features/failure";
import type { FileKind } from "@/lib/file-kind";
import { kindOf, PREVIEW_LIMIT } from "@/lib/file-kind";
import { formatBytes } from "@/lib/format";
import { EmptyState, Notice, SkeletonRows } from "@/ui/states";
import styles from "./files.module.css";

/** Characters of a text that are shown. */
const TEXT_LIMIT = 400_000;

export function FilePreview({ run, file }: { run: Run; file: RunFile }) {
  const { t } = useTranslation();
  const kind = kindOf(file);
  const fits = file.size <= PREVIEW_LIMIT;
  const bytes = useQuery({
    ...fileBytesQuery(run.entity, run.project, run.id, file),
    enabled: kind !== null && fits,
  });
  if (kind === null) return <EmptyState icon="file" title={t("files.noPreview")} />;
  if (!fits) {
    return <EmptyState icon="file" title={t("files.tooBig", { size: formatBytes(file.size) })} />;
  }
  if (bytes.isPending) return <SkeletonRows label={t("common.loading")} />;
  if (bytes.isError) {
    return <Failure title={t("files.previewError")} error={bytes.error} onRetry={bytes.refetch} />;
  }
  return kind === "image" ? (
    <ImagePreview blob={bytes.data} name={file.path} type={file.media_type} />
  ) : (
    <TextPreview blob={bytes.data} kind={kind} />
  );
}

function ImagePreview({ blob, name, type }: { blob: Blob; name: string; type: string | null }) {
  const [url, setUrl] = useState<string | null>(null);
  useEffect(() => {
    const made = URL.createObjectURL(type ? new Blob([blob], { type }) : blob);
    setUrl(made);
    return () => URL.revokeObjectURL(made);
  }, [blob, type]);
  return <div className={styles.image}>{url && <img src={url} alt={name} />}</div>;
}

function TextPreview({ blob, kind }: { blob: Blob; kind: Exclude<FileKind, "image"> }) {
  const { t } = useTranslation();
  const [text, setText] = useState<string | null>(null);
  useEffect(() => {
    let current = true;
    blob.text().then((read) => current && setText(read));
    return () => {
      current = false;
    };
  }, [blob]);
  if (text === null) return <SkeletonRows label={t("common.loading")} />;
  const pretty = kind === "json" ? prettyJson(text) : text;
  return (
    <div className={styles.text}>
      {pretty.length > TEXT_LIMIT && <Notice>{t("files.truncated")}</Notice>}
      <pre>{pretty.slice(0, TEXT_LIMIT)}</pre>
    </div>
  );
}

/** JSON with indents; text that is none stays as it is. */
function prettyJson(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}
