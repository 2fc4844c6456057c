import { useCallback, useEffect, useState } from "react";
import type { SheetEdits } from "@/lib/sheet";
import { isEdited, noEdits } from "@/lib/sheet";

interface Draft {
  past: readonly SheetEdits[];
  now: SheetEdits;
  future: readonly SheetEdits[];
}

const STEPS = 100;
/** Drafts beyond this are kept while the page is open alone. */
const MAX_KEPT = 2_000_000;

function kept(name: string): SheetEdits {
  try {
    return { ...noEdits, ...(JSON.parse(sessionStorage.getItem(name) ?? "{}") as SheetEdits) };
  } catch {
    return noEdits;
  }
}

/** Edits of one version, with undo; they outlive a reload. */
export function useSheetDraft(of: string) {
  const name = `kiseki.sheet.${of}`;
  const [draft, setDraft] = useState<Draft>(() => ({ past: [], now: kept(name), future: [] }));
  useEffect(() => {
    if (!isEdited(draft.now)) {
      sessionStorage.removeItem(name);
      return;
    }
    const text = JSON.stringify(draft.now);
    if (text.length > MAX_KEPT) return;
    try {
      sessionStorage.setItem(name, text);
    } catch {
      // no room; the page itself still has it
    }
  }, [name, draft.now]);
  const change = useCallback(
    (now: SheetEdits) =>
      setDraft((old) => ({ past: [...old.past, old.now].slice(-STEPS), now, future: [] })),
    [],
  );
  const undo = useCallback(
    () =>
      setDraft((old) => {
        const before = old.past.at(-1);
        return before
          ? { past: old.past.slice(0, -1), now: before, future: [old.now, ...old.future] }
          : old;
      }),
    [],
  );
  const redo = useCallback(
    () =>
      setDraft((old) => {
        const [next, ...future] = old.future;
        return next ? { past: [...old.past, old.now], now: next, future } : old;
      }),
    [],
  );
  const clear = useCallback(() => {
    sessionStorage.removeItem(name);
    setDraft({ past: [], now: noEdits, future: [] });
  }, [name]);
  return {
    edits: draft.now,
    change,
    undo,
    redo,
    clear,
    canUndo: draft.past.length > 0,
    canRedo: draft.future.length > 0,
  };
}
