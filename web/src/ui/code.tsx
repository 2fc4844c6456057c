import { useTranslation } from "react-i18next";
import styles from "./code.module.css";
import { CopyButton } from "./copy";

/** A few lines to copy into a terminal or a program. */
export function CodeBlock({ label, text }: { label: string; text: string }) {
  const { t } = useTranslation();
  return (
    <figure className={styles.block}>
      <figcaption>
        {label}
        <CopyButton text={text} label={t("common.copy")} done={t("common.copied")} />
      </figcaption>
      <pre>
        <code>{text}</code>
      </pre>
    </figure>
  );
}
