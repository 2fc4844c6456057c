import { useQuery } from "@tanstack/react-query";
import { useEffect, useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { entryBytesQuery } from "@/api/artifacts";
import type { ArtifactEntry, ArtifactVersion } from "@/api/types";
import { Failure } from "@/features/failure";
import { parseDelimited } from "@/lib/delimited";
import type { EntryKind } from "@/lib/entry-kind";
import { entryKind, previewBytes } from "@/lib/entry-kind";
import { formatBytes } from "@/lib/format";
import { mediaType } from "@/lib/media-type";
import { readTensorHeader } from "@/lib/safetensors";
import { EmptyState, Notice, SkeletonRows } from "@/ui/states";
import styles from "./files.module.css";
import { PreviewTable } from "./preview-table";
import { placeOf } from "./version-marks";

/** Characters of a text and lines of a table that are shown. */
const TEXT_LIMIT = 400_000;
const LINE_LIMIT = 5000;

interface PreviewProps {
  version: ArtifactVersion;
  file: ArtifactEntry;
  /** The other files, in which a table may have its images. */
  files: readonly ArtifactEntry[];
}

/** A look into a file of a version. */
export function EntryPreview({ version, file, files }: PreviewProps) {
  const { t } = useTranslation();
  const kind = entryKind(file.path);
  const limit = kind ? previewBytes[kind] : { most: 0, cut: false };
  const fits = limit.cut || file.size <= limit.most;
  const bytes = useQuery({
    ...entryBytesQuery(placeOf(version), file, limit.most),
    enabled: kind !== null && fits && file.reference === null,
  });
  if (file.reference !== null) {
    return (
      <EmptyState icon="external" title={t("artifacts.reference")}>
        <p>{t("artifacts.referenceText")}</p>
        <code>{file.reference}</code>
      </EmptyState>
    );
  }
  if (kind === null) return <EmptyState icon="file" title={t("files.noPreview")} />;
  if (!fits) {
    return <EmptyState icon="file" title={t("files.tooBig", { size: formatBytes(file.size) })} />;
  }
  if (bytes.isPending) return <SkeletonRows label={t("common.loading")} />;
  if (bytes.isError) {
    return <Failure title={t("files.previewError")} error={bytes.error} onRetry={bytes.refetch} />;
  }
  return (
    <Loaded
      version={version}
      file={file}
      files={files}
      kind={kind}
      blob={bytes.data}
      isCut={file.size > limit.most}
    />
  );
}

interface LoadedProps extends PreviewProps {
  kind: EntryKind;
  blob: Blob;
  isCut: boolean;
}

function Loaded(props: LoadedProps) {
  const { kind, blob, file } = props;
  if (kind === "image" || kind === "audio" || kind === "video") {
    return <Media kind={kind} blob={blob} path={file.path} />;
  }
  if (kind === "safetensors") return <Tensors blob={blob} />;
  return <Words {...props} />;
}

function Media({
  kind,
  blob,
  path,
}: {
  kind: "image" | "audio" | "video";
  blob: Blob;
  path: string;
}) {
  const { t } = useTranslation();
  const [url, setUrl] = useState<string | null>(null);
  const [broken, setBroken] = useState(false);
  useEffect(() => {
    const svg = /\.svg$/i.test(path) ? "image/svg+xml" : "";
    const made = URL.createObjectURL(new Blob([blob], { type: mediaType(path) || svg }));
    setUrl(made);
    return () => URL.revokeObjectURL(made);
  }, [blob, path]);
  if (broken) return <EmptyState icon="file" title={t("files.noPreview")} />;
  const fail = () => setBroken(true);
  return (
    <div className={styles.image}>
      {url && kind === "image" && <img src={url} alt={path} onError={fail} />}
      {url && kind === "audio" && (
        // biome-ignore lint/a11y/useMediaCaption: what people log has no captions
        <audio controls src={url} aria-label={path} onError={fail} />
      )}
      {url && kind === "video" && (
        // biome-ignore lint/a11y/useMediaCaption: what people log has no captions
        <video controls src={url} aria-label={path} onError={fail} />
      )}
    </div>
  );
}

/** Text of a blob, or null while it is read. */
function useText(blob: Blob): string | null {
  const [text, setText] = useState<string | null>(null);
  useEffect(() => {
    let current = true;
    blob.text().then((read) => current && setText(read));
    return () => {
      current = false;
    };
  }, [blob]);
  return text;
}

interface Table {
  columns: string[];
  data: unknown[][];
}

/** The tables that the clients log: names of columns, and rows of cells. */
function readTable(text: string): Table | null {
  try {
    const found = JSON.parse(text) as Partial<Table>;
    if (!Array.isArray(found.columns) || !Array.isArray(found.data)) return null;
    return { columns: found.columns.map(String), data: found.data };
  } catch {
    return null;
  }
}

function readDelimited(text: string, separator: "," | "\t"): Table {
  const [columns = [], ...data] = parseDelimited(text, separator, LINE_LIMIT + 1);
  return { columns, data };
}

/** JSON with indents; text that is none stays as it is. */
function pretty(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

function Words({ version, files, kind, blob, isCut }: LoadedProps) {
  const { t } = useTranslation();
  const text = useText(blob);
  const table = useMemo(() => {
    if (text === null) return null;
    if (kind === "table") return readTable(text);
    if (kind === "csv") return readDelimited(text, ",");
    return kind === "tsv" ? readDelimited(text, "\t") : null;
  }, [text, kind]);
  if (text === null) return <SkeletonRows label={t("common.loading")} />;
  if (table) {
    return <PreviewTable version={version} files={files} table={table} isCut={isCut} />;
  }
  if (text.slice(0, 4000).includes("\0")) {
    return <EmptyState icon="file" title={t("files.noPreview")} />;
  }
  const shown = kind === "json" ? pretty(text) : text;
  return (
    <div className={styles.text}>
      {(isCut || shown.length > TEXT_LIMIT) && <Notice>{t("files.truncated")}</Notice>}
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: keys can scroll it */}
      <pre tabIndex={0}>{shown.slice(0, TEXT_LIMIT)}</pre>
    </div>
  );
}

/** Names, types and shapes of the tensors of a model. */
function Tensors({ blob }: { blob: Blob }) {
  const { t } = useTranslation();
  const header = useQuery({
    queryKey: ["tensors", blob.size, blob],
    queryFn: async () => readTensorHeader(await blob.arrayBuffer()),
    retry: false,
    gcTime: 0,
  });
  if (header.isPending) return <SkeletonRows label={t("common.loading")} />;
  if (header.isError) return <EmptyState icon="file" title={t("files.noPreview")} />;
  const { tensors } = header.data;
  const values = tensors.reduce(
    (sum, one) => sum + one.shape.reduce((product, side) => product * side, 1),
    0,
  );
  return (
    <div className={styles.tableBox}>
      <Notice>{t("artifacts.tensors", { count: tensors.length, values })}</Notice>
      <table className={styles.table}>
        <thead>
          <tr>
            <th scope="col">{t("artifacts.tensor")}</th>
            <th scope="col">{t("artifacts.dtype")}</th>
            <th scope="col">{t("artifacts.shape")}</th>
            <th scope="col">{t("artifacts.size")}</th>
          </tr>
        </thead>
        <tbody>
          {tensors.slice(0, LINE_LIMIT).map((one) => (
            <tr key={one.name}>
              <td>{one.name}</td>
              <td>{one.dtype}</td>
              <td>{one.shape.join(" × ")}</td>
              <td data-kind="number">{formatBytes(one.bytes)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
