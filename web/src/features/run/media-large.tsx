import type { TFunction } from "i18next";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { LoggedMedia } from "@/api/types";
import { paletteOf } from "@/lib/colors";
import { toggled } from "@/lib/table-layout";
import { Dialog } from "@/ui/dialog";
import { Checkbox } from "@/ui/field";
import { useTheme } from "@/ui/use-theme";
import styles from "./media.module.css";
import { MediaBoxes } from "./media-boxes";
import { classColor, MediaMask } from "./media-masks";

/** Sets of boxes and masks with the classes that occur in them. */
function classesOf(
  item: LoggedMedia,
  t: TFunction,
): { set: string; classes: [id: string, name: string][] }[] {
  const boxes = item.boxes.map((set) => {
    const ids = [...new Set(set.boxes.map((box) => String(box.class_id)))];
    return {
      set: set.set,
      classes: ids.map((id): [string, string] => [id, set.classes[id] ?? id]),
    };
  });
  const masks = item.masks.map((mask) => ({
    set: mask.set,
    // Without names of classes the whole mask is one.
    classes:
      Object.keys(mask.classes).length > 0
        ? Object.entries(mask.classes)
        : ([["*", t("media.mask", { set: mask.set })]] as [string, string][]),
  }));
  return [...boxes, ...masks].filter(({ classes }) => classes.length > 0);
}

/** A picture as large as the window; its boxes and masks can be hidden class by class. */
export function MediaLarge({
  item,
  source,
  name,
  onClose,
}: {
  item: LoggedMedia;
  source: string;
  name: string;
  onClose: () => void;
}) {
  const { t } = useTranslation();
  const palette = paletteOf(useTheme());
  const [hidden, setHidden] = useState<readonly string[]>([]);
  const out = new Set(hidden);
  const sets = classesOf(item, t);
  return (
    <Dialog
      full
      open
      onOpen={(open) => !open && onClose()}
      title={item.caption || name}
      closeLabel={t("common.close")}
    >
      <div className={styles.large} data-alone={sets.length === 0 || undefined}>
        <div className={styles.largeRoom}>
          <div className={styles.picture}>
            <img
              src={source}
              alt={item.caption || name}
              data-tiny={(item.width ?? 0) > 0 && (item.width ?? 0) < 200}
            />
            {item.masks.map((mask) => (
              <MediaMask key={mask.set} mask={mask} hidden={out} />
            ))}
            <MediaBoxes sets={item.boxes} hidden={out} />
          </div>
        </div>
        {sets.length > 0 && (
          <div className={styles.classes}>
            {sets.map(({ set, classes }) => (
              <fieldset key={set}>
                <legend>{set}</legend>
                {classes.map(([id, label]) => (
                  <Checkbox
                    key={id}
                    checked={!out.has(`${set}/${id}`)}
                    onChecked={() => setHidden(toggled(hidden, `${set}/${id}`))}
                  >
                    <i style={{ background: classColor(id, palette) }} />
                    {label}
                  </Checkbox>
                ))}
              </fieldset>
            ))}
          </div>
        )}
      </div>
    </Dialog>
  );
}
