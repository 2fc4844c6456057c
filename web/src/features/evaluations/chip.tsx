import type { ReactNode } from "react";
import { Icon } from "@/ui/icon";
import styles from "./evaluations.module.css";

const icons = { better: "arrowUp", worse: "arrowDown", undecided: "minus" } as const;

/** A verdict as icon and word, never by colour alone. */
export function Chip({
  kind,
  title,
  children,
}: {
  kind: keyof typeof icons;
  title?: string;
  children: ReactNode;
}) {
  return (
    <span className={styles.verdict} data-verdict={kind} title={title}>
      <Icon name={icons[kind]} size={11} />
      {children}
    </span>
  );
}
