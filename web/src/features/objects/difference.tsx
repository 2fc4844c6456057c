import { useTranslation } from "react-i18next";
import type { Difference } from "@/lib/difference";
import styles from "./objects.module.css";

const signs: Record<Difference, string> = { added: "+", removed: "−", changed: "~", same: "=" };

/** The kind of a difference as a sign and, for screen readers, a word. */
export function DifferenceMark({ kind }: { kind: Difference }) {
  const { t } = useTranslation();
  return (
    <span className={styles.mark} data-kind={kind} title={t(`artifacts.difference.${kind}`)}>
      <span aria-hidden="true">{signs[kind]}</span>
      <span className="visually-hidden">{t(`artifacts.difference.${kind}`)}</span>
    </span>
  );
}

export function DifferenceCounts({ counts }: { counts: Record<Difference, number> }) {
  const { t } = useTranslation();
  return (
    <span className={styles.counts}>
      {(["added", "removed", "changed", "same"] as const)
        .filter((kind) => counts[kind] > 0)
        .map((kind) => (
          <span key={kind} data-kind={kind}>
            {t(`artifacts.counted.${kind}`, { count: counts[kind] })}
          </span>
        ))}
    </span>
  );
}
