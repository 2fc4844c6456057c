import { useTranslation } from "react-i18next";
import { useConnection } from "@/api/stream";
import { Tip } from "@/ui/tooltip";
import styles from "./connection.module.css";

/** Whether what one sees is kept up to date. */
export function ConnectionBadge() {
  const { t } = useTranslation();
  const { state } = useConnection();
  return (
    <Tip text={t(`shell.connection.hint.${state}`)}>
      <span className={styles.badge} data-state={state} role="status">
        <i />
        <span>{t(`shell.connection.${state}`)}</span>
      </span>
    </Tip>
  );
}
