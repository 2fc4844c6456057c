import { useQuery } from "@tanstack/react-query";
import { useEffect, useState } from "react";
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
    <figure className={styles.figure}>
      {drawable && item.url ? <Playable item={item} url={item.url} /> : <Other item={item} />}
      {item.caption && <figcaption>{item.caption}</figcaption>}
    </figure>
  );
}

function Playable({ item, url }: { item: LoggedMedia; url: string }) {
  const { t } = useTranslation();
  const bytes = useQuery(mediaBytesQuery(url, item.digest));
  const source = useObjectUrl(bytes.data, mediaType(item.path ?? ""));
  if (bytes.isError) return <p className={styles.nothing}>{t("media.itemError")}</p>;
  if (!source) return <div className={styles.waiting} />;
  const name = t("media.image", { key: item.key, number: item.index + 1 });
  switch (item.kind) {
    case "audio":
      // biome-ignore lint/a11y/useMediaCaption: what programs log has no captions
      return <audio controls src={source} aria-label={name} />;
    case "video":
      // biome-ignore lint/a11y/useMediaCaption: what programs log has no captions
      return <video controls src={source} aria-label={name} />;
    default:
      return <Picture item={item} source={source} name={name} />;
  }
}

function Picture({ item, source, name }: { item: LoggedMedia; source: string; name: string }) {
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
