import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { lineageQuery } from "@/api/lineage";
import type { ArtifactVersion, LineageGraph, LineageNode } from "@/api/types";
import { Failure } from "@/features/failure";
import { useStateLabel } from "@/features/runs/state";
import type { ArtifactHome } from "@/lib/artifact-links";
import { runHref, versionHref } from "@/lib/artifact-links";
import { StateGlyph } from "@/ui/chip";
import { Icon } from "@/ui/icon";
import { Card } from "@/ui/page";
import { Skeleton } from "@/ui/states";
import { useHomeOf } from "./home";
import styles from "./version.module.css";

/** Nodes that are joined to the start on one side, and clusters of them. */
export function besides(graph: LineageGraph, side: "up" | "down") {
  const ids = new Set(
    graph.edges
      .filter((edge) => (side === "up" ? edge.target : edge.source) === graph.start)
      .map((edge) => (side === "up" ? edge.source : edge.target)),
  );
  return {
    nodes: graph.nodes.filter((node) => ids.has(node.id)),
    clusters: graph.clusters.filter((cluster) => ids.has(cluster.id)),
  };
}

/** Runs that used the version, and places that show it. */
export function Neighbours({ home, version }: { home: ArtifactHome; version: ArtifactVersion }) {
  const { t } = useTranslation();
  const [expand, setExpand] = useState<readonly string[]>([]);
  const graph = useQuery(
    lineageQuery(home, {
      version: `${version.collection}:v${version.index}`,
      direction: "down",
      depth: 1,
      expand,
    }),
  );
  const found = graph.data && besides(graph.data, "down");
  const lists = (["run", "link"] as const).map((kind) => ({
    kind,
    nodes: found?.nodes.filter((node) => node.kind === kind) ?? [],
    clusters: found?.clusters.filter((cluster) => cluster.kind === kind) ?? [],
  }));
  return (
    <Card title={t("artifacts.usage.title")}>
      {graph.isPending && <Skeleton width="70%" />}
      {graph.isError && (
        <Failure compact title={t("lineage.error")} error={graph.error} onRetry={graph.refetch} />
      )}
      {lists.map(({ kind, nodes, clusters }) => {
        const count = nodes.length + clusters.reduce((sum, one) => sum + one.count, 0);
        if (!found) return null;
        return (
          <div key={kind} className={styles.neighbours}>
            <h3>
              {kind === "run" ? t("artifacts.usedBy") : t("artifacts.linkedIn")}
              <span className="muted numeric"> {count}</span>
            </h3>
            {count === 0 && (
              <p className="muted">
                {kind === "run" ? t("artifacts.notUsed") : t("artifacts.notLinked")}
              </p>
            )}
            <ul>
              {nodes.map((node) => (
                <li key={node.id}>
                  <NodeLink node={node} />
                </li>
              ))}
              {clusters.map((cluster) => (
                <li key={cluster.id}>
                  <button
                    type="button"
                    className={styles.more}
                    onClick={() => setExpand([...expand, cluster.id])}
                  >
                    <Icon name="chevronRight" size={12} />
                    {t(kind === "run" ? "artifacts.moreRuns" : "artifacts.moreLinks", {
                      count: cluster.count,
                    })}
                    {cluster.type && <span className="muted">{cluster.type}</span>}
                  </button>
                </li>
              ))}
            </ul>
          </div>
        );
      })}
    </Card>
  );
}

/** A run or a version, by its own page; what one may not see is said to be there. */
export function NodeLink({ node }: { node: LineageNode }) {
  const { t } = useTranslation();
  const label = useStateLabel();
  const homeOf = useHomeOf();
  const { entity, project, name } = node;
  if (entity === null || project === null || name === null) {
    return (
      <span className="muted">
        <Icon name="lock" size={13} /> {t("lineage.hidden")}
      </span>
    );
  }
  if (node.kind === "run") {
    return (
      <Link to={runHref(entity, project, name) as "/"} className={styles.node}>
        <StateGlyph state={node.state ?? ""} label={label(node.state ?? "")} />
        <span className="truncate">{node.title ?? name}</span>
        {node.type && <span className="muted">{node.type}</span>}
      </Link>
    );
  }
  const home = homeOf({ entity, project });
  return (
    <Link
      to={versionHref(home, node.type ?? "-", name, node.index ?? 0) as "/"}
      className={styles.node}
    >
      <Icon name={node.kind === "link" ? "link" : "box"} size={13} />
      <span className="truncate">
        {home.registry ? home.registry.name : `${entity}/${project}`} / {node.title ?? name}
      </span>
    </Link>
  );
}
