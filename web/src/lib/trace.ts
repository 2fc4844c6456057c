/** The tree of a trace, and where its time went. */

/** What the tree needs to know of a call; times in ms since 1970. */
export interface Step {
  id: string;
  parent: string | null;
  name: string;
  start: number;
  /** Null while it runs. */
  end: number | null;
}

export interface TreeNode<S extends Step> {
  step: S;
  depth: number;
  children: TreeNode<S>[];
  /** Time in which none of the calls below ran, in ms. */
  self: number;
  /** Time of the call, up to now where it runs. */
  total: number;
  /** How much of the time on the critical path is its own, in ms. */
  critical: number;
}

export interface TraceTree<S extends Step> {
  roots: TreeNode<S>[];
  start: number;
  end: number;
}

export interface Bottleneck {
  name: string;
  /** Its own time on the critical path, in ms. */
  time: number;
  /** Of the trace's time, 0 to 1. */
  share: number;
  /** How many calls of that name it is the sum of. */
  calls: number;
}

/**
 * The calls as trees. Calls whose parent is not there begin trees of their own, and so does one
 * call of every circle, so that nothing is left out.
 */
export function buildTree<S extends Step>(steps: readonly S[], now = Date.now()): TraceTree<S> {
  const ordered = [...steps].sort((a, b) => a.start - b.start || (a.id < b.id ? -1 : 1));
  const ids = new Set(ordered.map((step) => step.id));
  const children = new Map<string, S[]>();
  const tops: S[] = [];
  for (const step of ordered) {
    if (step.parent === null || !ids.has(step.parent) || step.parent === step.id) tops.push(step);
    else children.set(step.parent, [...(children.get(step.parent) ?? []), step]);
  }
  const seen = new Set<string>();
  const grow = (top: S): TreeNode<S> => {
    const root = nodeOf(top, 0, now);
    const waiting = [root];
    seen.add(top.id);
    while (waiting.length > 0) {
      const node = waiting.pop() as TreeNode<S>;
      for (const child of children.get(node.step.id) ?? []) {
        if (seen.has(child.id)) continue;
        seen.add(child.id);
        const below = nodeOf(child, node.depth + 1, now);
        node.children.push(below);
        waiting.push(below);
      }
      node.self = ownTime(node, now);
    }
    return root;
  };
  const roots = tops.map(grow);
  for (const step of ordered) if (!seen.has(step.id)) roots.push(grow(step));
  for (const root of roots) walkCriticalPath(root, now);
  const start = Math.min(...ordered.map((step) => step.start));
  const end = Math.max(...ordered.map((step) => step.end ?? now));
  return { roots, start, end: Math.max(end, start) };
}

function nodeOf<S extends Step>(step: S, depth: number, now: number): TreeNode<S> {
  const total = Math.max(0, (step.end ?? now) - step.start);
  return { step, depth, children: [], self: 0, total, critical: 0 };
}

/** The call's time without that in which calls below it ran; these may overlap. */
function ownTime<S extends Step>(node: TreeNode<S>, now: number): number {
  const start = node.step.start;
  const end = node.step.end ?? now;
  let covered = 0;
  let reached = start;
  for (const { step } of node.children) {
    const from = Math.max(step.start, reached);
    const to = Math.min(step.end ?? now, end);
    if (to > from) {
      covered += to - from;
      reached = to;
    }
  }
  return Math.max(0, node.total - covered);
}

/**
 * Walks back from the end of the root: what ended last before this moment is what was waited for.
 * Every moment of the root's time is the own time of exactly one call on the path.
 */
function walkCriticalPath<S extends Step>(root: TreeNode<S>, now: number): void {
  const stack: { node: TreeNode<S>; end: number }[] = [{ node: root, end: endOf(root, now) }];
  while (stack.length > 0) {
    const { node, end } = stack.pop() as { node: TreeNode<S>; end: number };
    let moment = end;
    const byEnd = [...node.children].sort((a, b) => endOf(b, now) - endOf(a, now));
    for (const child of byEnd) {
      const ended = Math.min(endOf(child, now), end);
      if (ended > moment || child.step.start >= moment) continue;
      node.critical += moment - ended;
      stack.push({ node: child, end: ended });
      moment = Math.max(child.step.start, node.step.start);
    }
    node.critical += Math.max(0, moment - node.step.start);
  }
}

const endOf = <S extends Step>(node: TreeNode<S>, now: number): number => node.step.end ?? now;

/** All nodes in the order of a page, without what lies below folded ones. */
export function visibleNodes<S extends Step>(
  tree: TraceTree<S>,
  folded: ReadonlySet<string>,
): TreeNode<S>[] {
  const found: TreeNode<S>[] = [];
  const waiting = [...tree.roots].reverse();
  while (waiting.length > 0) {
    const node = waiting.pop() as TreeNode<S>;
    found.push(node);
    if (!folded.has(node.step.id)) waiting.push(...[...node.children].reverse());
  }
  return found;
}

/** The name whose calls held the trace up the longest, by their own time on the critical path. */
export function bottleneck<S extends Step>(tree: TraceTree<S>): Bottleneck | null {
  const times = new Map<string, { time: number; calls: number }>();
  let whole = 0;
  for (const node of visibleNodes(tree, new Set())) {
    if (node.critical <= 0) continue;
    whole += node.critical;
    const known = times.get(node.step.name) ?? { time: 0, calls: 0 };
    times.set(node.step.name, { time: known.time + node.critical, calls: known.calls + 1 });
  }
  const [worst] = [...times].sort(([, a], [, b]) => b.time - a.time);
  if (!worst || whole <= 0) return null;
  const [name, { time, calls }] = worst;
  return { name, time, calls, share: time / whole };
}
