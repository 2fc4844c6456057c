/**
 * Which runs a workspace draws: the first n of the list, plus and minus single runs.
 * Small enough for the URL whatever the number of runs.
 */
export interface Selection {
  first: number;
  shown: readonly string[];
  hidden: readonly string[];
}

export const DEFAULT_FIRST = 10;
/** More lines than this cannot be told apart, and no screen draws them well. */
export const MAX_SHOWN = 500;

export const defaultSelection: Selection = { first: DEFAULT_FIRST, shown: [], hidden: [] };

export function isShown(selection: Selection, run: string, index: number): boolean {
  if (selection.hidden.includes(run)) return false;
  return index < selection.first || selection.shown.includes(run);
}

export function toggle(selection: Selection, run: string, index: number): Selection {
  const without = (list: readonly string[]) => list.filter((other) => other !== run);
  if (isShown(selection, run, index)) {
    const hidden = index < selection.first ? [...without(selection.hidden), run] : selection.hidden;
    return { ...selection, shown: without(selection.shown), hidden };
  }
  const shown = index < selection.first ? selection.shown : [...without(selection.shown), run];
  return { ...selection, shown, hidden: without(selection.hidden) };
}

export function showFirst(count: number): Selection {
  return { first: Math.max(0, Math.min(MAX_SHOWN, count)), shown: [], hidden: [] };
}

/** Ids of the runs to draw, in the list's order; runs not loaded yet come last. */
export function shownRuns(selection: Selection, loaded: readonly string[]): string[] {
  const inList = loaded.filter((run, index) => isShown(selection, run, index));
  const known = new Set(loaded);
  const others = selection.shown.filter((run) => !known.has(run));
  return [...inList, ...others].slice(0, MAX_SHOWN);
}
