import { useQuery } from "@tanstack/react-query";
import { useEffect, useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { entryBytesQuery } from "@/api/artifacts";
import type { ArtifactEntry, ArtifactVersion } from "@/api/types";
import { formatValue } from "@/lib/format";
import { mediaType } from "@/lib/media-type";
import { Button } from "@/ui/button";
import { Notice } from "@/ui/states";
import styles from "./files.module.css";
import { placeOf } from "./version-marks";

const BATCH = 200;
const MAX_IMAGE = 4_000_000;

/** Rows of a table that lies in an artifact. */
export function PreviewTable({
  version,
  files,
  table,
  isCut,
}: {
  version: ArtifactVersion;
  files: readonly ArtifactEntry[];
  table: { columns: readonly string[]; data: readonly (readonly unknown[])[] };
  isCut: boolean;
}) {
  const { t } = useTranslation();
  const [most, setMost] = useState(BATCH);
  const byPath = useMemo(() => new Map(files.map((file) => [file.path, file])), [files]);
  const { columns, data } = table;
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: keys can scroll it
    <section className={styles.tableBox} tabIndex={0} aria-label={t("runs.table")}>
      {isCut && <Notice>{t("files.truncated")}</Notice>}
      <table className={styles.table}>
        <thead>
          <tr>
            <th scope="col">
              <span className="visually-hidden">{t("artifacts.row")}</span>
            </th>
            {columns.map((column, at) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: columns never move, names may repeat
              <th key={at} scope="col" title={column}>
                {column}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {data.slice(0, most).map((row, number) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: rows never move
            <tr key={number}>
              <th scope="row">{number + 1}</th>
              {columns.map((_, at) => (
                // biome-ignore lint/suspicious/noArrayIndexKey: cells never move
                <Cell key={at} value={row[at]} version={version} byPath={byPath} />
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      {data.length > most && (
        <div className={styles.more}>
          <Button size="s" variant="ghost" onClick={() => setMost(most + 5 * BATCH)}>
            {t("common.showMore", { count: data.length - most })}
          </Button>
        </div>
      )}
    </section>
  );
}

interface CellProps {
  value: unknown;
  version: ArtifactVersion;
  byPath: ReadonlyMap<string, ArtifactEntry>;
}

function Cell({ value, version, byPath }: CellProps) {
  const image = imageOf(value, byPath);
  if (image) {
    return (
      <td>
        <Thumbnail version={version} file={image} />
      </td>
    );
  }
  const text = formatValue(value);
  return (
    <td data-kind={typeof value} title={text.slice(0, 2000)}>
      {text.slice(0, 300)}
    </td>
  );
}

/** The file of an image that a cell names. */
function imageOf(
  value: unknown,
  byPath: ReadonlyMap<string, ArtifactEntry>,
): ArtifactEntry | undefined {
  if (value === null || typeof value !== "object") return undefined;
  const { _type: type, path } = value as { _type?: unknown; path?: unknown };
  const file = type === "image-file" && typeof path === "string" ? byPath.get(path) : undefined;
  return file && file.reference === null && file.size <= MAX_IMAGE ? file : undefined;
}

function Thumbnail({ version, file }: { version: ArtifactVersion; file: ArtifactEntry }) {
  const bytes = useQuery(entryBytesQuery(placeOf(version), file, MAX_IMAGE));
  const [url, setUrl] = useState<string | null>(null);
  const blob = bytes.data;
  useEffect(() => {
    if (!blob) return;
    const made = URL.createObjectURL(new Blob([blob], { type: mediaType(file.path) }));
    setUrl(made);
    return () => URL.revokeObjectURL(made);
  }, [blob, file.path]);
  return url ? <img src={url} alt={file.path} loading="lazy" /> : <span className="muted">…</span>;
}
