import { micromark } from "micromark";
import { gfm, gfmHtml } from "micromark-extension-gfm";
import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import { textOption } from "@/features/charts/options";
import { Message } from "./message";
import styles from "./panels.module.css";
import type { PanelProps } from "./types";

/** Words between the charts. HTML in them is shown as text, and links lead to pages alone. */
export default function MarkdownPanel({ panel }: PanelProps) {
  const { t } = useTranslation();
  const text = textOption(panel.options, "text");
  const html = useMemo(
    () => micromark(text, { extensions: [gfm()], htmlExtensions: [gfmHtml()] }),
    [text],
  );
  if (text.trim() === "") return <Message>{t("panels.noText")}</Message>;
  return (
    <div
      className={styles.markdown}
      // biome-ignore lint/security/noDangerouslySetInnerHtml: micromark escapes HTML and bad links
      dangerouslySetInnerHTML={{ __html: html }}
    />
  );
}
