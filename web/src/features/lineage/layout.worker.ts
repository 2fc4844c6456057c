import dagre from "@dagrejs/dagre";
import type { LayoutAnswer, LayoutRequest } from "./layout";

/** So many nodes are placed by the slower method, whose edges are shorter. */
const CAREFUL = 300;

function layOut({ id, nodes, edges, width, height }: LayoutRequest): LayoutAnswer {
  const graph = new dagre.graphlib.Graph();
  graph.setGraph({
    rankdir: "LR",
    nodesep: 14,
    ranksep: 70,
    ranker: nodes.length > CAREFUL ? "tight-tree" : "network-simplex",
  });
  graph.setDefaultEdgeLabel(() => ({}));
  for (const node of nodes) graph.setNode(node, { width, height });
  for (const { source, target } of edges) graph.setEdge(source, target);
  dagre.layout(graph);
  const places = nodes.map((node) => {
    const { x, y } = graph.node(node) as { x: number; y: number };
    return [x - width / 2, y - height / 2] as const;
  });
  const bends = edges.map(({ source, target }) => {
    const { points = [] } = graph.edge(source, target) as { points?: { x: number; y: number }[] };
    return points.slice(1, -1).map(({ x, y }) => [x, y] as const);
  });
  return { id, places, bends };
}

self.onmessage = ({ data }: MessageEvent<LayoutRequest>) => {
  self.postMessage(layOut(data));
};
