import { useQuery } from "@tanstack/react-query";
import { type CSSProperties, useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { mediaBytesQuery } from "@/api/media";
import type { LoggedMedia } from "@/api/types";
import { formatBytes } from "@/lib/format";
import { mediaType } from "@/lib/media-type";
import { enlargement } from "@/lib/picture";
import { buttonClass } from "@/ui/button";
import { Icon } from "@/ui/icon";
import styles from "./media.module.css";
import { MediaBoxes } from "./media-boxes";

/** One picture, sound or video; what cannot be drawn can be downloaded. */
export function MediaFigure({ item }: { item: LoggedMedia }) {
  const drawable = item.kind === "image" || item.kind === "audio" || item.kind === "video";
  return (
    <figure className={styles.figure} data-kind={item.kind}>
      {drawable && item.url ? (
        <Playable key={item.digest} item={item} url={item.url} />
      ) : (
        <Other item={item} />
      )}
      {item.caption && <figcaption>{item.caption}</figcaption>}
    </figure>
  );
}

function Playable({ item, url }: { item: LoggedMedia; url: string }) {
  const { t } = useTranslation();
  const bytes = useQuery(mediaBytesQuery(url, item.digest));
  /** Browsers do not know every format, and files can be cut short. */
  const [unreadable, setUnreadable] = useState(false);
  const source = useObjectUrl(bytes.data, mediaType(item.path ?? ""));
  if (bytes.isError) return <p className={styles.nothing}>{t("media.itemError")}</p>;
  if (unreadable) return <Other item={item} />;
  if (!source) return <div className={styles.waiting} style={roomFor(item)} />;
  const onError = () => setUnreadable(true);
  const name = t("media.image", { key: item.key, number: item.index + 1 });
  switch (item.kind) {
    case "audio":
      // biome-ignore lint/a11y/useMediaCaption: what programs log has no captions
      return <audio controls src={source} aria-label={name} onError={onError} />;
    case "video":
      // biome-ignore lint/a11y/useMediaCaption: what programs log has no captions
      return <video controls src={source} aria-label={name} onError={onError} />;
    default:
      return <Picture item={item} source={source} name={name} onError={onError} />;
  }
}

/** The room that a picture will take, so that nothing jumps when it arrives. */
function roomFor({ width, height }: LoggedMedia): CSSProperties | undefined {
  if (!width || !height) return undefined;
  return { width: width * enlargement(width, height), aspectRatio: `${width} / ${height}` };
}

function Picture({
  item,
  source,
  name,
  onError,
}: {
  item: LoggedMedia;
  source: string;
  name: string;
  onError: () => void;
}) {
  /** The size of what was decoded; what the program said may be missing or wrong. */
  const [size, setSize] = useState({ width: item.width ?? 0, height: item.height ?? 0 });
  const times = enlargement(size.width, size.height);
  return (
    <div className={styles.picture}>
      <img
        src={source}
        alt={item.caption || name}
        data-tiny={times > 1}
        width={times > 1 ? size.width * times : undefined}
        onError={onError}
        onLoad={({ currentTarget: { naturalWidth, naturalHeight } }) =>
          setSize({ width: naturalWidth, height: naturalHeight })
        }
      />
      <MediaBoxes sets={item.boxes} />
    </div>
  );
}

function Other({ item }: { item: LoggedMedia }) {
  const { t } = useTranslation();
  return (
    <div className={styles.nothing}>
      <p>{t("media.noPreview")}</p>
      {item.url && (
        <a
          className={buttonClass("default", "s")}
          href={item.url}
          download={item.path?.split("/").at(-1)}
        >
          <Icon name="download" size={14} />
          {t("common.download")} {item.size !== null && formatBytes(item.size)}
        </a>
      )}
    </div>
  );
}

/** The server sends logged bytes without a type, so that no browser runs them. */
function useObjectUrl(blob: Blob | undefined, type: string): string | null {
  const [url, setUrl] = useState<string | null>(null);
  useEffect(() => {
    if (!blob) return;
    const made = URL.createObjectURL(new Blob([blob], { type }));
    setUrl(made);
    return () => {
      URL.revokeObjectURL(made);
      setUrl(null);
    };
  }, [blob, type]);
  return url;
}
