/** What was seen before, and what was taken back. */
export interface History<S> {
  past: readonly S[];
  present: S;
  future: readonly S[];
}

/** Steps that can be taken back. */
export const STEPS = 60;

export const begin = <S>(present: S): History<S> => ({ past: [], present, future: [] });

/** The next state; with `merge` it takes the place of the present one. */
export function push<S>(history: History<S>, next: S, merge = false): History<S> {
  const past = merge && history.past.length > 0 ? history.past : [...history.past, history.present];
  return { past: past.slice(-STEPS), present: next, future: [] };
}

export function undo<S>(history: History<S>): History<S> {
  const before = history.past.at(-1);
  if (before === undefined) return history;
  return {
    past: history.past.slice(0, -1),
    present: before,
    future: [history.present, ...history.future],
  };
}

export function redo<S>(history: History<S>): History<S> {
  const [next, ...future] = history.future;
  if (next === undefined) return history;
  return { past: [...history.past, history.present], present: next, future };
}
