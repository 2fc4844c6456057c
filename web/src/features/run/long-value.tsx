import { useTranslation } from "react-i18next";
import { formatJson } from "@/lib/json";
import { IconButton } from "@/ui/button";
import { CopyButton } from "@/ui/copy";
import styles from "./run.module.css";

/** Characters that can show in one line. */
const SHOWN = 200;

/** The beginning of a long value, and the button that shows all of it. */
export function Brief({
  value,
  open,
  onOpen,
  controls,
}: {
  value: unknown;
  open: boolean;
  onOpen: (open: boolean) => void;
  /** Element that holds the whole value. */
  controls: string;
}) {
  const { t } = useTranslation();
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return (
    <span className={styles.brief}>
      <span className="truncate">{text.slice(0, SHOWN)}</span>
      <IconButton
        size="s"
        icon={open ? "chevronDown" : "chevronRight"}
        label={open ? t("run.collapseValue") : t("run.expandValue")}
        aria-expanded={open}
        aria-controls={open ? controls : undefined}
        onClick={() => onOpen(!open)}
      />
    </span>
  );
}

/** All of a long value. */
export function Whole({ value, id }: { value: unknown; id: string }) {
  const { t } = useTranslation();
  const text = typeof value === "string" ? value : formatJson(value);
  return (
    <div className={styles.whole} id={id}>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: keys can scroll it */}
      <pre tabIndex={0}>{text}</pre>
      <CopyButton text={text} label={t("run.copyPath")} done={t("common.copied")} />
    </div>
  );
}
