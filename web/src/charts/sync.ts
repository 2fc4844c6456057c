/** What charts of one group share while the pointer moves. */
export interface SyncState {
  /** Cursor in data units; null when there is none. */
  x: number | null;
  /** The group (say run) that is lit up everywhere. */
  highlight: string | null;
  /** Who set it; that chart shows the tooltip. */
  source: unknown;
}

type Listener = (state: SyncState) => void;

const IDLE: SyncState = { x: null, highlight: null, source: null };

export class SyncGroup {
  private listeners = new Set<Listener>();
  state: SyncState = IDLE;

  set(state: SyncState): void {
    const { x, highlight, source } = this.state;
    if (x === state.x && highlight === state.highlight && source === state.source) return;
    this.state = state;
    for (const listener of this.listeners) listener(state);
  }

  /** Lights up a group from outside a chart, say from a list of runs. */
  highlight(group: string | null): void {
    this.set({ ...this.state, highlight: group });
  }

  subscribe(listener: Listener): () => void {
    this.listeners.add(listener);
    return () => {
      this.listeners.delete(listener);
    };
  }
}

const groups = new Map<string, SyncGroup>();

/** The group of that name; charts without a key get a group of their own. */
export function syncGroup(key: string | undefined): SyncGroup {
  if (key === undefined) return new SyncGroup();
  let group = groups.get(key);
  if (!group) {
    group = new SyncGroup();
    groups.set(key, group);
  }
  return group;
}
