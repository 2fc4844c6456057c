import { Dialog as Radix } from "radix-ui";
import type { ReactNode } from "react";
import { IconButton } from "./button";
import styles from "./dialog.module.css";

interface Shared {
  open: boolean;
  onOpen: (open: boolean) => void;
  title: string;
  /** Hides the title from sight, not from screen readers. */
  quiet?: boolean;
  closeLabel: string;
  children: ReactNode;
}

/** Focuses the dialog itself, not its close button, unless a field asked for the focus. */
function keepFocus(event: Event) {
  event.preventDefault();
  const dialog = event.currentTarget as HTMLElement;
  if (!dialog.contains(document.activeElement)) dialog.focus();
}

function Head({
  title,
  quiet,
  closeLabel,
  extra,
}: Omit<Shared, "open" | "onOpen" | "children"> & { extra?: ReactNode }) {
  if (quiet) return <Radix.Title className="visually-hidden">{title}</Radix.Title>;
  return (
    <header className={styles.head}>
      <Radix.Title className={`${styles.title} truncate`}>{title}</Radix.Title>
      {extra}
      <Radix.Close asChild>
        <IconButton icon="close" label={closeLabel} size="s" />
      </Radix.Close>
    </header>
  );
}

export function Dialog({
  open,
  onOpen,
  width = 480,
  full = false,
  children,
  extra,
  ...head
}: Shared & { width?: number; full?: boolean; extra?: ReactNode }) {
  return (
    <Radix.Root open={open} onOpenChange={onOpen}>
      <Radix.Portal>
        <Radix.Overlay className={styles.overlay} />
        <Radix.Content
          className={`${styles.dialog} ${full ? styles.full : ""}`}
          style={full ? undefined : { width: `min(${width}px, calc(100vw - 24px))` }}
          aria-describedby={undefined}
          onOpenAutoFocus={keepFocus}
        >
          <Head {...head} extra={extra} />
          <div className={styles.body}>{children}</div>
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}

/** Slides in from a side; the page behind keeps its place. */
export function Drawer({
  open,
  onOpen,
  side = "right",
  width = 520,
  children,
  extra,
  ...head
}: Shared & { side?: "left" | "right"; width?: number; extra?: ReactNode }) {
  return (
    <Radix.Root open={open} onOpenChange={onOpen}>
      <Radix.Portal>
        <Radix.Overlay className={styles.overlay} data-light />
        <Radix.Content
          className={`${styles.drawer} ${styles[side]}`}
          style={{ width: `min(${width}px, 94vw)` }}
          aria-describedby={undefined}
          onOpenAutoFocus={keepFocus}
        >
          <Head {...head} extra={extra} />
          <div className={styles.drawerBody}>{children}</div>
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}

export const DialogActions = ({ children }: { children: ReactNode }) => (
  <div className={styles.actions}>{children}</div>
);
