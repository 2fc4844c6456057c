import styles from "./wordmark.module.css";

/** The curve of the mark: a trajectory that ends in a bright point. */
export function Mark({ size = 24 }: { size?: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 32 32" aria-hidden="true">
      <rect width="32" height="32" rx="8" className={styles.tile} />
      <path
        d="M6 24.5C10.5 24.5 11 9 16.2 9c4.2 0 3.2 9.5 6.3 9.5 1.6 0 2.4-2.2 3-5"
        fill="none"
        stroke="#fff"
        strokeWidth="2.8"
        strokeLinecap="round"
      />
      <circle cx="25.7" cy="12" r="2.9" fill="#7fe3d4" />
    </svg>
  );
}

export function Wordmark({ size = 24, label = true }: { size?: number; label?: boolean }) {
  return (
    <span className={styles.wordmark} style={{ fontSize: size * 0.72 }}>
      <Mark size={size} />
      {label ? <span>Kiseki</span> : <span className="visually-hidden">Kiseki</span>}
    </span>
  );
}
