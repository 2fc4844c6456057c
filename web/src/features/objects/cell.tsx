import { useQuery } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import type { ObjectHome } from "@/api/objects";
import { objectFileQuery } from "@/api/objects";
import { formatNumber } from "@/lib/format";
import { mediaType } from "@/lib/media-type";
import { readReference } from "@/lib/object-links";
import { ReferenceLink } from "./category";
import styles from "./objects.module.css";

/** The file of a picture or sound that the client stores inside of a value. */
export function mediaOf(value: unknown): { name: string; digest: string } | null {
  if (value === null || typeof value !== "object") return null;
  const { _type: type, files } = value as { _type?: unknown; files?: unknown };
  if (type !== "CustomWeaveType" || files === null || typeof files !== "object") return null;
  const entry = Object.entries(files as Record<string, unknown>).find(([name]) =>
    /\.(png|jpe?g|webp|gif|wav|mp3|ogg)$/i.test(name),
  );
  return entry && typeof entry[1] === "string" ? { name: entry[0], digest: entry[1] } : null;
}

/** What a cell reads when it is edited: text as it is, anything else as JSON. */
export function cellText(value: unknown): string {
  if (value === undefined || value === null) return "";
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** A value in a row: text, number, picture, sound, or a link to what it refers to. */
export function CellValue({ home, value }: { home: ObjectHome; value: unknown }) {
  const media = mediaOf(value);
  if (media) return <CellMedia home={home} {...media} />;
  if (value === undefined) return null;
  if (value === null) return <span className="muted">null</span>;
  if (typeof value === "number") return <span className="numeric">{formatNumber(value)}</span>;
  if (typeof value === "string") {
    const reference = readReference(value);
    if (reference && reference.kind !== "table") return <ReferenceLink text={value} />;
    if (/^data:image\/(png|jpeg|webp|gif);base64,/.test(value)) {
      return <img className={styles.cellImage} src={value} alt="" />;
    }
    return <span className={styles.cellText}>{value.slice(0, 400)}</span>;
  }
  return <code className={styles.cellText}>{JSON.stringify(value).slice(0, 400)}</code>;
}

function CellMedia({ home, name, digest }: { home: ObjectHome; name: string; digest: string }) {
  const { t } = useTranslation();
  const bytes = useQuery(objectFileQuery(home, digest, name));
  const [url, setUrl] = useState<string | null>(null);
  const blob = bytes.data;
  useEffect(() => {
    if (!blob) return;
    const made = URL.createObjectURL(new Blob([blob], { type: mediaType(name) }));
    setUrl(made);
    return () => URL.revokeObjectURL(made);
  }, [blob, name]);
  if (bytes.isError) return <span className="muted">{t("objects.noFile")}</span>;
  if (!url) return <span className="muted">…</span>;
  if (/\.(wav|mp3|ogg)$/i.test(name)) {
    // biome-ignore lint/a11y/useMediaCaption: what people log has no captions
    return <audio className={styles.cellAudio} controls src={url} aria-label={name} />;
  }
  return <img className={styles.cellImage} src={url} alt={name} />;
}
