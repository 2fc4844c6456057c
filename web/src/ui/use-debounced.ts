import { useEffect, useState } from "react";

/** The value after it has rested for a while. */
export function useDebounced<T>(value: T, ms = 250): T {
  const [rested, setRested] = useState(value);
  useEffect(() => {
    const timer = window.setTimeout(() => setRested(value), ms);
    return () => window.clearTimeout(timer);
  }, [value, ms]);
  return rested;
}

/**
 * A text that is edited here and lives elsewhere: what is typed shows at once, and is handed
 * over after a rest. A change from outside (back button, link) wins.
 */
export function useDraft(
  value: string,
  onValue: (value: string) => void,
  ms = 250,
): [string, (value: string) => void] {
  const [draft, setDraft] = useState(value);
  const [sent, setSent] = useState(value);
  if (value !== sent) {
    setSent(value);
    setDraft(value);
  }
  useEffect(() => {
    if (draft === sent) return;
    const timer = window.setTimeout(() => {
      setSent(draft);
      onValue(draft);
    }, ms);
    return () => window.clearTimeout(timer);
  }, [draft, sent, onValue, ms]);
  return [draft, setDraft];
}
