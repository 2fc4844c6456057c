import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import type { Home } from "@/api/artifacts";
import type { LineageCluster, LineageGraph, LineageNode } from "@/api/types";
import { useHomeOf } from "@/features/artifacts/home";
import type { Item } from "./types";

/** Nodes and clusters of a graph with their words. */
export function useItems(graph: LineageGraph | undefined, home: Home): Item[] {
  const { t } = useTranslation();
  const homeOf = useHomeOf();
  return useMemo(() => {
    if (!graph) return [];
    const place = ({ entity, project }: LineageNode | LineageCluster) => {
      if (entity === null || project === null) return "";
      if (entity === home.entity && project === home.project) return "";
      const { registry } = homeOf({ entity, project });
      return registry ? registry.name : `${entity}/${project}`;
    };
    const words = (...parts: (string | null)[]) => parts.filter(Boolean).join(" · ");
    const nodes = graph.nodes.map(
      (node): Item => ({
        id: node.id,
        node,
        cluster: null,
        title: node.title ?? node.name ?? t("lineage.hidden"),
        subtitle: words(node.type, place(node)),
      }),
    );
    const clusters = graph.clusters.map(
      (cluster): Item => ({
        id: cluster.id,
        node: null,
        cluster,
        title: t(clusterWords[cluster.kind], { count: cluster.count }),
        subtitle: words(cluster.type, place(cluster)),
      }),
    );
    return [...nodes, ...clusters];
  }, [graph, home.entity, home.project, homeOf, t]);
}

const clusterWords = {
  run: "lineage.clusterRuns",
  version: "lineage.clusterVersions",
  link: "lineage.clusterLinks",
} as const;
