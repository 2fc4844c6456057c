import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import type { SavedView, ViewKind } from "@/api/views";
import { viewKeys, viewQuery, viewsQuery } from "@/api/views";
import type { History } from "@/lib/history";
import * as history from "@/lib/history";
import type { Params } from "@/lib/view";
import { replaceParams } from "@/lib/view";

/** What of a page can be saved: the words of the address, and what is too long for it. */
export interface ViewState<L> {
  params: Params;
  layout: L;
}

/** The view that the page shows, and what was changed in it since. */
interface Draft<L> {
  view: number | null;
  revision: number;
  base: ViewState<L>;
  steps: History<ViewState<L>>;
}

export interface ViewController<L> {
  entity: string;
  project: string;
  kind: ViewKind;
  /** The saved view that is open; null: none. */
  view: number | null;
  revision: number;
  layout: L;
  state: ViewState<L>;
  /** Something differs from the saved view, or from the usual page where none is open. */
  changed: boolean;
  /** The view in the address is being loaded, or could not be. */
  loading: boolean;
  error: Error | null;
  canUndo: boolean;
  canRedo: boolean;
  /** `merge` makes one step of many small changes, say of a width that is dragged. */
  change(update: (layout: L) => L, merge?: boolean): void;
  undo: () => void;
  redo: () => void;
  /** Back to the saved view; can be undone. */
  reset: () => void;
  open: (view: number | null) => void;
  /** The page shows what was saved just now. */
  saved: (view: SavedView) => void;
}

interface Options<L> {
  entity: string;
  project: string;
  kind: ViewKind;
  /** Words of the address that belong to the view. */
  names: readonly string[];
  /** A layout from foreign JSON; whatever it is not becomes the usual layout. */
  read: (value: unknown) => L;
}

/** Texts that are typed, and sliders that are moved, arrive in small steps, which are one to undo. */
const MERGE_MS = 900;
const typed = ["q", "filter", "panels", "smooth"];
/** Browsers keep about 5 MB for a site; old steps go first. */
const MOST_STORED = 700_000;

const same = (a: unknown, b: unknown) => JSON.stringify(a) === JSON.stringify(b);

/** Keeps a page's view: in the address, in the browser over reloads, and under a name. */
export function useViewState<L>(options: Options<L>): ViewController<L> {
  const { entity, project, kind, names, read } = options;
  const client = useQueryClient();
  const navigate = useNavigate();
  const search = useSearch({ strict: false }) as Params;
  const storage = `kiseki.view.${kind}.${entity}/${project}`;
  const own = JSON.stringify(
    Object.fromEntries(
      names.flatMap((name) => (search[name] === undefined ? [] : [[name, search[name]]])),
    ),
  );
  const params = useMemo(() => JSON.parse(own) as Params, [own]);
  const wanted = /^\d+$/.test(search.view ?? "") ? Number(search.view) : null;
  const usual = useMemo(() => ({ params: {}, layout: read(undefined) }), [read]);
  const [kept] = useState(() => load(storage, read));
  const [draft, setDraft] = useState<Draft<L>>(
    () => kept ?? { view: null, revision: 0, base: usual, steps: history.begin(usual) },
  );
  const settled = useRef(false);
  const changedAt = useRef(0);
  const changedNames = useRef("");

  const list = useQuery(viewsQuery(entity, project, kind));
  const missing = wanted !== null && wanted !== draft.view;
  const opened = useQuery({
    ...viewQuery(entity, project, wanted ?? 0),
    enabled: missing,
    gcTime: 0,
  });

  const write = useCallback(
    (next: Params, view: number | null) => {
      navigate({
        to: ".",
        replace: true,
        resetScroll: false,
        search: (old) =>
          replaceParams(old, [...names, "view"], {
            ...next,
            ...(view === null ? {} : { view: String(view) }),
          }),
      });
    },
    [navigate, names],
  );

  // The first visit: go on where one was, or begin with what the project shows to everybody.
  useEffect(() => {
    if (settled.current || wanted !== null || own !== "{}") {
      settled.current = true;
      return;
    }
    if (kept?.view != null) {
      settled.current = true;
      write(kept.steps.present.params, kept.view);
    } else if (kept) {
      settled.current = true;
    } else if (list.data) {
      settled.current = true;
      const found = list.data.find((view) => view.usual);
      if (found) write({}, found.id);
    }
  }, [kept, list.data, own, wanted, write]);

  // A view that was named in the address has arrived. Words beside its name win: a link says
  // exactly what is to be seen.
  useEffect(() => {
    const found = opened.data;
    if (!missing || !found) return;
    const base = stateOf(found, read, names);
    // First the address takes the view's words, so that they are no change of their own.
    if (own === "{}" && Object.keys(base.params).length > 0) {
      write(base.params, found.id);
      return;
    }
    setDraft({
      view: found.id,
      revision: found.revision,
      base,
      steps: history.begin({ ...base, params }),
    });
  }, [missing, names, opened.data, own, params, read, write]);

  // The address was changed by the page itself.
  useEffect(() => {
    if (missing) return;
    setDraft((now) => {
      if (same(now.steps.present.params, params)) return now;
      const before = now.steps.present.params;
      const touched = names.filter((name) => before[name] !== params[name]).join();
      const again = touched === changedNames.current && typed.includes(touched);
      const quick = again && Date.now() - changedAt.current < MERGE_MS;
      changedAt.current = Date.now();
      changedNames.current = touched;
      const next = { ...now.steps.present, params };
      return { ...now, steps: history.push(now.steps, next, quick) };
    });
  }, [missing, names, params]);

  useEffect(() => store(storage, draft), [storage, draft]);

  const latest = useRef(draft);
  latest.current = draft;
  const move = useCallback(
    (to: (steps: History<ViewState<L>>) => History<ViewState<L>>) => {
      const steps = to(latest.current.steps);
      if (steps === latest.current.steps) return;
      setDraft((now) => ({ ...now, steps }));
      write(steps.present.params, latest.current.view);
    },
    [write],
  );

  const change = useCallback((update: (layout: L) => L, merge = false) => {
    setDraft((now) => {
      const layout = update(now.steps.present.layout);
      if (layout === now.steps.present.layout) return now;
      const next = { ...now.steps.present, layout };
      const quick = merge && Date.now() - changedAt.current < MERGE_MS;
      changedAt.current = Date.now();
      return { ...now, steps: history.push(now.steps, next, quick) };
    });
  }, []);

  return {
    entity,
    project,
    kind,
    view: draft.view,
    revision: draft.revision,
    layout: draft.steps.present.layout,
    state: draft.steps.present,
    changed: useMemo(() => !same(draft.base, draft.steps.present), [draft]),
    loading: missing && opened.isPending,
    error: missing ? opened.error : null,
    canUndo: draft.steps.past.length > 0,
    canRedo: draft.steps.future.length > 0,
    change,
    undo: useCallback(() => move(history.undo), [move]),
    redo: useCallback(() => move(history.redo), [move]),
    reset: useCallback(() => {
      move((steps) =>
        same(steps.present, latest.current.base) ? steps : history.push(steps, latest.current.base),
      );
    }, [move]),
    open: useCallback(
      (view) => {
        if (view === null) {
          setDraft({ view: null, revision: 0, base: usual, steps: history.begin(usual) });
        }
        if (view !== latest.current.view) write({}, view);
      },
      [usual, write],
    ),
    saved: useCallback(
      (view) => {
        client.setQueryData(viewKeys.one(entity, project, view.id), view);
        void client.invalidateQueries({ queryKey: viewKeys.list(entity, project, kind) });
        setDraft((now) => ({
          ...now,
          view: view.id,
          revision: view.revision,
          base: stateOf(view, read, names),
        }));
        write(latest.current.steps.present.params, view.id);
      },
      [client, entity, project, kind, names, read, write],
    ),
  };
}

/** What goes to the server. */
export function documentOf(state: ViewState<unknown>): Record<string, unknown> {
  return { version: 1, params: state.params, layout: state.layout };
}

function stateOf<L>(
  view: SavedView,
  read: (value: unknown) => L,
  names: readonly string[],
): ViewState<L> {
  const { params, layout } = readState(view.document, read);
  const known = Object.entries(params).filter(([name]) => names.includes(name));
  return { params: Object.fromEntries(known), layout };
}

function readState<L>(value: unknown, read: (value: unknown) => L): ViewState<L> {
  const { params, layout } = (value ?? {}) as Partial<ViewState<unknown>>;
  const words = Object.entries(params ?? {}).filter((entry) => typeof entry[1] === "string");
  return { params: Object.fromEntries(words), layout: read(layout) };
}

function load<L>(key: string, read: (value: unknown) => L): Draft<L> | null {
  try {
    const found = JSON.parse(localStorage.getItem(key) ?? "null") as Draft<unknown> | null;
    if (!found) return null;
    const list = (states: readonly unknown[]) => states.map((state) => readState(state, read));
    return {
      view: found.view,
      revision: found.revision,
      base: readState(found.base, read),
      steps: {
        past: list(found.steps.past),
        present: readState(found.steps.present, read),
        future: list(found.steps.future),
      },
    };
  } catch {
    return null;
  }
}

function store<L>(key: string, draft: Draft<L>): void {
  const untouched =
    draft.view === null && draft.steps.past.length + draft.steps.future.length === 0;
  try {
    if (untouched && same(draft.base, draft.steps.present)) {
      localStorage.removeItem(key);
      return;
    }
    for (let most = history.STEPS; ; most = Math.floor(most / 2)) {
      const past = most > 0 ? draft.steps.past.slice(-most) : [];
      const future = draft.steps.future.slice(0, most);
      const text = JSON.stringify({ ...draft, steps: { ...draft.steps, past, future } });
      if (text.length <= MOST_STORED || most === 0) {
        localStorage.setItem(key, text);
        return;
      }
    }
  } catch {
    // Without room in the browser the view lasts as long as the page.
  }
}
