/** A directed graph by ids; edges point the way that data flows. */
export interface Arrow {
  source: string;
  target: string;
}

/** Neighbours of each node along the edges and against them. */
export interface Ways {
  after: ReadonlyMap<string, readonly string[]>;
  before: ReadonlyMap<string, readonly string[]>;
}

export function waysOf(edges: readonly Arrow[]): Ways {
  const after = new Map<string, string[]>();
  const before = new Map<string, string[]>();
  const put = (map: Map<string, string[]>, at: string, other: string) => {
    const list = map.get(at);
    if (list) list.push(other);
    else map.set(at, [other]);
  };
  for (const { source, target } of edges) {
    put(after, source, target);
    put(before, target, source);
  }
  return { after, before };
}

function reached(from: string, next: ReadonlyMap<string, readonly string[]>): Set<string> {
  const seen = new Set([from]);
  const waiting = [from];
  for (let at = waiting.pop(); at !== undefined; at = waiting.pop()) {
    for (const other of next.get(at) ?? []) {
      if (!seen.has(other)) {
        seen.add(other);
        waiting.push(other);
      }
    }
  }
  return seen;
}

/** A node with everything that it comes from and that came of it. */
export function family(id: string, ways: Ways): Set<string> {
  return new Set([...reached(id, ways.before), ...reached(id, ways.after)]);
}
