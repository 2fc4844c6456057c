import type { ReactNode } from "react";
import styles from "./panels.module.css";

/** Words in the place of a chart, or in its corner. */
export function Message({ children, corner = false }: { children: ReactNode; corner?: boolean }) {
  return <p className={corner ? styles.corner : styles.nothing}>{children}</p>;
}
