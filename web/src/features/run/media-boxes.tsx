import type { LoggedMedia } from "@/api/types";
import { hashText, inkOn, paletteOf } from "@/lib/colors";
import { useTheme } from "@/ui/use-theme";
import styles from "./media.module.css";

/** From this part of the height on there is room for a name above its box. */
const ROOM_ABOVE = 0.2;

const nothing: ReadonlySet<string> = new Set();

/** Bounding boxes with their names over their image, coloured by class. */
export function MediaBoxes({
  sets,
  hidden = nothing,
}: {
  sets: LoggedMedia["boxes"];
  /** Classes that are not drawn, as `set/class`. */
  hidden?: ReadonlySet<string>;
}) {
  const palette = paletteOf(useTheme());
  return sets.flatMap((set, setNumber) =>
    set.boxes.map((box, index) => {
      const name =
        box.caption ?? box.label ?? set.classes[String(box.class_id)] ?? String(box.class_id ?? "");
      if (hidden.has(`${set.set}/${box.class_id}`)) return null;
      const color = palette[hashText(String(box.class_id ?? name)) % palette.length] ?? "#000000";
      return (
        <span
          // biome-ignore lint/suspicious/noArrayIndexKey: boxes have no name but their place
          key={`${set.set}/${index}`}
          className={styles.box}
          data-other={setNumber % 2 === 1}
          title={`${set.set}: ${name}`}
          style={{
            left: `${box.x0 * 100}%`,
            top: `${box.y0 * 100}%`,
            width: `${(box.x1 - box.x0) * 100}%`,
            height: `${(box.y1 - box.y0) * 100}%`,
            borderColor: color,
          }}
        >
          {name && (
            <span
              className={styles.boxName}
              data-above={box.y0 >= ROOM_ABOVE}
              data-end={box.x0 > 0.5}
              style={{ background: color, color: inkOn(color) }}
            >
              {sets.length > 1 ? `${set.set}: ${name}` : name}
            </span>
          )}
        </span>
      );
    }),
  );
}
