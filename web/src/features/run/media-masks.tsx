import { useQuery } from "@tanstack/react-query";
import { useEffect, useRef } from "react";
import { useTranslation } from "react-i18next";
import { mediaBytesQuery } from "@/api/media";
import type { LoggedMedia } from "@/api/types";
import { hashText, paletteOf } from "@/lib/colors";
import { useTheme } from "@/ui/use-theme";
import styles from "./media.module.css";

type Mask = LoggedMedia["masks"][number];

/** The colour of a class, the same for boxes and masks. */
export function classColor(id: string, palette: readonly string[]): string {
  return palette[hashText(id) % palette.length] ?? "#000000";
}

/** A mask's classes as colours over its image; class 0 without a name is the background. */
export function MediaMask({ mask, hidden }: { mask: Mask; hidden: ReadonlySet<string> }) {
  const { t } = useTranslation();
  const canvas = useRef<HTMLCanvasElement>(null);
  const palette = paletteOf(useTheme());
  const bytes = useQuery(mediaBytesQuery(mask.url, null));
  useEffect(() => {
    const target = canvas.current;
    if (!bytes.data || !target) return;
    let gone = false;
    const draw = async () => {
      const picture = await createImageBitmap(new Blob([bytes.data], { type: "image/png" }), {
        colorSpaceConversion: "none",
        premultiplyAlpha: "none",
      });
      if (gone) return;
      target.width = picture.width;
      target.height = picture.height;
      const context = target.getContext("2d", { willReadFrequently: true });
      if (!context) return;
      context.drawImage(picture, 0, 0);
      const image = context.getImageData(0, 0, picture.width, picture.height);
      const colors = new Map<number, [number, number, number]>();
      for (let at = 0; at < image.data.length; at += 4) {
        const id = image.data[at] as number;
        const name = mask.classes[String(id)];
        const isHidden = hidden.has(`${mask.set}/${id}`) || hidden.has(`${mask.set}/*`);
        if ((id === 0 && name === undefined) || isHidden) {
          image.data[at + 3] = 0;
          continue;
        }
        let color = colors.get(id);
        if (!color) {
          const text = classColor(String(id), palette);
          const part = (from: number) => Number.parseInt(text.slice(from, from + 2), 16);
          color = [part(1), part(3), part(5)];
          colors.set(id, color);
        }
        [image.data[at], image.data[at + 1], image.data[at + 2]] = color;
        image.data[at + 3] = 150;
      }
      context.putImageData(image, 0, 0);
    };
    draw().catch(() => {});
    return () => {
      gone = true;
    };
  }, [bytes.data, mask, hidden, palette]);
  if (bytes.isError) {
    return <span className={styles.maskError}>{t("media.maskError", { set: mask.set })}</span>;
  }
  return (
    <canvas
      ref={canvas}
      className={styles.mask}
      role="img"
      aria-label={t("media.mask", { set: mask.set })}
    />
  );
}
