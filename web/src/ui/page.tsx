import type { ReactNode } from "react";
import styles from "./page.module.css";
import { EmptyState } from "./states";

/** A page that fills the window: a head, tabs perhaps, and a body that scrolls. */
export const Page = ({ children }: { children: ReactNode }) => (
  <div className={styles.page}>{children}</div>
);

/** Name of what the page shows, with its marks below and its actions at the right. */
export function PageHead({
  title,
  marks,
  actions,
}: {
  title: ReactNode;
  marks?: ReactNode;
  actions?: ReactNode;
}) {
  return (
    <header className={styles.head}>
      <div className={styles.titleRow}>
        <div className={styles.title}>{title}</div>
        {actions && <div className={styles.actions}>{actions}</div>}
      </div>
      {marks && <div className={styles.marks}>{marks}</div>}
    </header>
  );
}

/** Links to the parts of a page; the current one has `aria-current`. */
export const Tabs = ({ label, children }: { label: string; children: ReactNode }) => (
  <nav className={styles.tabs} aria-label={label}>
    {children}
  </nav>
);

export const PageBody = ({ children }: { children: ReactNode }) => (
  <div className={styles.body}>{children}</div>
);

/** A body of cards that scrolls. */
export const Scroll = ({ children, wide }: { children: ReactNode; wide?: boolean }) => (
  <div className={styles.scroll}>
    <div className={styles.inner} data-wide={wide || undefined}>
      {children}
    </div>
  </div>
);

/** Search, filters and actions above a table. */
export const Toolbar = ({ children }: { children: ReactNode }) => (
  <div className={styles.toolbar}>{children}</div>
);

export const Grow = () => <span className={styles.grow} />;

export const Columns = ({ children }: { children: ReactNode }) => (
  <div className={styles.columns}>{children}</div>
);

export const Column = ({ children }: { children: ReactNode }) => (
  <div className={styles.column}>{children}</div>
);

export function Card({
  title,
  count,
  actions,
  children,
}: {
  title: string;
  count?: ReactNode;
  actions?: ReactNode;
  children: ReactNode;
}) {
  return (
    <section className={styles.card} aria-label={title}>
      <header className={styles.cardHead}>
        <h2>{title}</h2>
        {count !== undefined && <span className="muted numeric">{count}</span>}
        <span className={styles.grow} />
        {actions}
      </header>
      {children}
    </section>
  );
}

export type Fact = readonly [label: string, value: ReactNode];

/** Labels and values; those without a value are left out. */
export function Facts({ facts }: { facts: readonly Fact[] }) {
  return (
    <dl className={styles.facts}>
      {facts
        .filter(([, value]) => value !== null && value !== undefined && value !== "")
        .map(([label, value]) => (
          <div key={label}>
            <dt>{label}</dt>
            <dd>{value}</dd>
          </div>
        ))}
    </dl>
  );
}

/** Fills a page on which there is nothing to show. */
export const Blank = (props: Parameters<typeof EmptyState>[0]) => (
  <div className={styles.blank}>
    <EmptyState {...props} />
  </div>
);
