import { useSyncExternalStore } from "react";
import styles from "./toast.module.css";

interface Message {
  id: number;
  text: string;
  bad: boolean;
}

let messages: readonly Message[] = [];
let next = 1;
const listeners = new Set<() => void>();

function change(to: readonly Message[]) {
  messages = to;
  for (const listener of listeners) listener();
}

/** Says something in the corner for a few seconds. */
export function toast(text: string, options: { bad?: boolean } = {}): void {
  const message = { id: next++, text, bad: options.bad ?? false };
  change([...messages.slice(-3), message]);
  const remove = () => change(messages.filter((other) => other.id !== message.id));
  window.setTimeout(remove, message.bad ? 8000 : 3000);
}

function subscribe(listener: () => void) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function Toasts() {
  const shown = useSyncExternalStore(subscribe, () => messages);
  return (
    <div className={styles.corner} role="status" aria-live="polite">
      {shown.map((message) => (
        <div key={message.id} className={`${styles.toast} ${message.bad ? styles.bad : ""}`}>
          {message.text}
        </div>
      ))}
    </div>
  );
}
