import { useEffect, useRef } from "react";
import type { Bindings } from "@/lib/shortcuts";
import { createMatcher, isWriting } from "@/lib/shortcuts";

/** An open dialog, drawer or menu keeps the keys for itself. */
const covered = () => document.querySelector('[role="dialog"], [role="menu"]') !== null;

/** Binds keys while the component is mounted. */
export function useShortcuts(bindings: Bindings, options: { overDialogs?: boolean } = {}): void {
  const current = useRef(bindings);
  current.current = bindings;
  const overDialogs = options.overDialogs ?? false;
  useEffect(() => {
    const match = createMatcher();
    const press = (event: KeyboardEvent) => {
      if (event.defaultPrevented) return;
      const combined = event.ctrlKey || event.metaKey;
      if (!combined && isWriting(event.target)) return;
      if (!overDialogs && covered()) return;
      const action = match(event, current.current);
      if (!action) return;
      event.preventDefault();
      action();
    };
    window.addEventListener("keydown", press);
    return () => window.removeEventListener("keydown", press);
  }, [overDialogs]);
}

/** j/k, arrows aside, move through a list; Enter opens. */
export function useListKeys(list: {
  count: number;
  index: number;
  onIndex: (index: number) => void;
  onOpen: (index: number) => void;
}): void {
  const { count, index, onIndex, onOpen } = list;
  const bindings: Bindings = {
    j: () => onIndex(Math.min(count - 1, index + 1)),
    k: () => onIndex(Math.max(0, index - 1)),
  };
  const focused = document.activeElement;
  const free = !focused || focused === document.body || focused.getAttribute("role") === "grid";
  if (index >= 0 && free) bindings.Enter = () => onOpen(index);
  useShortcuts(count > 0 ? bindings : {});
}
