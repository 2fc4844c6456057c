import type { LineageCluster, LineageEdge, LineageNode } from "@/api/types";

/** What stands in the graph: a node, or many alike ones as one. */
export type Item =
  | { id: string; cluster: null; node: LineageNode; title: string; subtitle: string }
  | { id: string; cluster: LineageCluster; node: null; title: string; subtitle: string };

export interface GraphData {
  items: readonly Item[];
  edges: readonly LineageEdge[];
}

export const NODE_SIZE = { width: 212, height: 46 };
