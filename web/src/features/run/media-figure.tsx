import { useQuery } from "@tanstack/react-query";
import { type CSSProperties, useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { mediaBytesQuery } from "@/api/media";
import type { LoggedMedia } from "@/api/types";
import { formatBytes } from "@/lib/format";
import { mediaType } from "@/lib/media-type";
import { enlargement } from "@/lib/picture";
import { Button, buttonClass } from "@/ui/button";
import { Icon } from "@/ui/icon";
import styles from "./media.module.css";
import { MediaBoxes } from "./media-boxes";
import { MediaLarge } from "./media-large";
import { MediaMask } from "./media-masks";

const nothing: ReadonlySet<string> = new Set();

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
  if (bytes.isError) {
    return (
      <div className={styles.nothing} role="alert">
        <p>{t("media.itemError")}</p>
        <p className={styles.reason}>{bytes.error.message}</p>
        <Button size="s" icon="refresh" onClick={() => void bytes.refetch()}>
          {t("common.retry")}
        </Button>
      </div>
    );
  }
  if (unreadable) return <Other item={item} broken />;
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
  const [large, setLarge] = useState(false);
  const { t } = useTranslation();
  const image = (
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
  );
  return (
    <>
      <div className={styles.picture}>
        {image}
        <button
          type="button"
          className={styles.enlarge}
          aria-label={t("media.enlarge", { name: item.caption || name })}
          onClick={() => setLarge(true)}
        />
        {item.masks.map((mask) => (
          <MediaMask key={mask.set} mask={mask} hidden={nothing} />
        ))}
        <MediaBoxes sets={item.boxes} />
      </div>
      {large && (
        <MediaLarge item={item} source={source} name={name} onClose={() => setLarge(false)} />
      )}
    </>
  );
}

function Other({ item, broken = false }: { item: LoggedMedia; broken?: boolean }) {
  const { t } = useTranslation();
  return (
    <div className={styles.nothing} role={broken ? "alert" : undefined}>
      <p>{broken ? t("media.broken") : t("media.noPreview")}</p>
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
