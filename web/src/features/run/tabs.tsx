import { type ReactNode, useEffect, useRef, useState } from "react";
import styles from "./run.module.css";

/** So much of the row is only its padding, in px. */
const EDGE = 24;

/** A row of tabs that scrolls where it is too long, fading at the ends that go on. */
export function TabRow({
  label,
  current,
  children,
}: {
  label: string;
  current: string;
  children: ReactNode;
}) {
  const row = useRef<HTMLElement>(null);
  const [hidden, setHidden] = useState({ before: false, after: false });
  useEffect(() => {
    const element = row.current;
    if (!element) return;
    const look = () => {
      const rest = element.scrollWidth - element.clientWidth - element.scrollLeft;
      setHidden({ before: element.scrollLeft > EDGE, after: rest > EDGE });
    };
    look();
    const observer = new ResizeObserver(look);
    observer.observe(element);
    element.addEventListener("scroll", look, { passive: true });
    return () => {
      observer.disconnect();
      element.removeEventListener("scroll", look);
    };
  }, []);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another tab may stand out of sight
  useEffect(() => {
    const chosen = row.current?.querySelector("[aria-current]");
    chosen?.scrollIntoView?.({ block: "nearest", inline: "nearest" });
  }, [current]);
  return (
    <nav
      ref={row}
      className={styles.tabs}
      aria-label={label}
      data-before={hidden.before || undefined}
      data-after={hidden.after || undefined}
    >
      {children}
    </nav>
  );
}
