import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { useEffect, useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import type { LineageSearch } from "@/api/lineage";
import { lineageQuery } from "@/api/lineage";
import { useHomeOf } from "@/features/artifacts/home";
import { Failure } from "@/features/failure";
import type { ArtifactHome } from "@/lib/artifact-links";
import { lineageHref } from "@/lib/artifact-links";
import { saveFile } from "@/lib/csv";
import { waysOf } from "@/lib/graph";
import type { Params } from "@/lib/view";
import { replaceParams } from "@/lib/view";
import { Button, buttonClass, IconButton } from "@/ui/button";
import { SearchInput, Segmented, Select } from "@/ui/field";
import { Icon } from "@/ui/icon";
import { Blank, Grow, Toolbar } from "@/ui/page";
import { Notice, SkeletonRows } from "@/ui/states";
import { useNarrow } from "@/ui/use-media";
import { Detail } from "./detail";
import { LineageGraphView } from "./graph";
import { useItems } from "./items";
import { layOut } from "./layout";
import styles from "./lineage.module.css";
import { pageOf } from "./page-of";
import type { Item } from "./types";
import { NODE_SIZE } from "./types";

export interface Start {
  version?: string;
  run?: string;
}

type Direction = LineageSearch["direction"];

const depths = [1, 2, 3, 5, 10, 20];
const names = ["way", "depth", "open", "node"];

const list = (text: string | undefined) => (text ? text.split(" ").filter(Boolean) : []);

/** The view of a graph as it stands in the address. */
function useGraphView() {
  const params = useSearch({ strict: false }) as Params;
  const navigate = useNavigate();
  const direction: Direction = params.way === "up" || params.way === "down" ? params.way : "both";
  const depth = depths.find((one) => String(one) === params.depth) ?? 3;
  const view = { direction, depth, open: list(params.open), node: params.node || null };
  const change = (part: Partial<typeof view>) => {
    const next = { ...view, ...part };
    const words: Params = {
      ...(next.direction !== "both" && { way: next.direction }),
      ...(next.depth !== 3 && { depth: String(next.depth) }),
      ...(next.open.length > 0 && { open: next.open.join(" ") }),
      ...(next.node && { node: next.node }),
    };
    navigate({
      to: ".",
      replace: true,
      resetScroll: false,
      search: (old) => replaceParams(old, names, words),
    });
  };
  return [view, change] as const;
}

/** Where a version or a run comes from, and what came of it. */
export function LineagePanel({ home, start }: { home: ArtifactHome; start: Start }) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const homeOf = useHomeOf();
  const narrow = useNarrow();
  const [view, change] = useGraphView();
  const [search, setSearch] = useState("");
  const [hit, setHit] = useState(0);
  const asked: LineageSearch = {
    ...start,
    direction: view.direction,
    depth: view.depth,
    expand: view.open,
  };
  const graph = useQuery(lineageQuery(home, asked));
  const items = useItems(graph.data, home);
  const edges = graph.data?.edges;
  const ids = useMemo(() => items.map((item) => item.id), [items]);
  const layout = useQuery({
    queryKey: ["layout", ids, edges],
    queryFn: ({ signal }) => layOut(ids, edges ?? [], NODE_SIZE, signal),
    enabled: edges !== undefined && ids.length > 0,
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 60_000,
    retry: false,
    placeholderData: (old) => old,
  });
  const ways = useMemo(() => waysOf(edges ?? []), [edges]);
  const words = search.trim().toLowerCase();
  const hits = useMemo(
    () =>
      words === ""
        ? []
        : items.filter((item) => `${item.title} ${item.subtitle}`.toLowerCase().includes(words)),
    [items, words],
  );
  const found = useMemo(
    () => (words === "" ? null : new Set(hits.map((item) => item.id))),
    [words, hits],
  );
  const target = hits.length > 0 ? hits[hit % hits.length] : undefined;
  const focus = useMemo(() => (target ? { id: target.id } : null), [target]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another search begins with its first hit
  useEffect(() => setHit(0), [words]);

  const open = (item: Item) => {
    if (item.cluster) change({ open: [...view.open, item.id], node: null });
    else {
      const to = pageOf(item.node, homeOf);
      if (to) navigate({ to: to as "/" });
    }
  };
  const body = () => {
    if (graph.isPending) return <SkeletonRows label={t("common.loading")} />;
    if (graph.isError && !graph.data) {
      return <Failure title={t("lineage.error")} error={graph.error} onRetry={graph.refetch} />;
    }
    if (layout.isError) {
      return <Failure title={t("lineage.error")} error={layout.error} onRetry={layout.refetch} />;
    }
    // The layout of the graph before stays in sight until the new one is there.
    const placed = layout.data && ids.every((id) => layout.data.places.has(id));
    if (!placed || !edges) return <SkeletonRows label={t("lineage.layingOut")} />;
    if (items.length === 1) {
      return (
        <Blank icon="graph" title={t("lineage.empty")}>
          {t("lineage.emptyText")}
        </Blank>
      );
    }
    const selected = items.find((item) => item.id === view.node);
    return (
      <div className={styles.frame}>
        <LineageGraphView
          data={{ items, edges }}
          layout={layout.data}
          ways={ways}
          start={graph.data.start}
          selected={selected ? selected.id : null}
          found={found}
          focus={focus}
          onSelect={(node) => change({ node })}
          onOpen={open}
        />
        {graph.data.truncated && (
          <div className={styles.over}>
            <Notice kind="warning">{t("lineage.truncated")}</Notice>
          </div>
        )}
        {selected && (
          <Detail item={selected} onClose={() => change({ node: null })} onOpen={open} />
        )}
      </div>
    );
  };
  return (
    <div className={styles.panel}>
      <Toolbar>
        <div data-search className={styles.search}>
          <SearchInput
            label={t("lineage.search")}
            placeholder={t("lineage.search")}
            value={search}
            onValue={setSearch}
            onKeyDown={(event) => event.key === "Enter" && setHit(hit + 1)}
          />
        </div>
        {words !== "" && (
          <span className={styles.found} aria-live="polite">
            <span className="muted numeric">
              {hits.length === 0
                ? t("lineage.noMatch")
                : t("lineage.found", { count: hits.length })}
            </span>
            {hits.length > 1 && (
              <IconButton
                icon="chevronDown"
                size="s"
                label={t("shortcuts.next")}
                onClick={() => setHit(hit + 1)}
              />
            )}
          </span>
        )}
        <Segmented<Direction>
          label={t("lineage.direction")}
          value={view.direction}
          options={[
            { value: "up", label: t("lineage.up") },
            { value: "both", label: t("lineage.both") },
            { value: "down", label: t("lineage.down") },
          ]}
          onValue={(direction) => change({ direction, node: null })}
        />
        <Select
          label={t("lineage.depth")}
          value={String(view.depth)}
          onChange={(event) => change({ depth: Number(event.target.value) })}
        >
          {depths.map((depth) => (
            <option key={depth} value={depth}>
              {t("lineage.depth")}: {depth}
            </option>
          ))}
        </Select>
        {view.open.length > 0 && (
          <Button size="s" variant="ghost" onClick={() => change({ open: [] })}>
            {t("lineage.closeClusters")}
          </Button>
        )}
        <Grow />
        {graph.data && !narrow && (
          <span className="muted numeric">{t("lineage.nodes", { count: items.length })}</span>
        )}
        {graph.data && (
          <IconButton
            icon="download"
            size="s"
            label={t("lineage.downloadJson")}
            onClick={() =>
              saveFile("lineage.json", [JSON.stringify(graph.data, null, 2)], "application/json")
            }
          />
        )}
      </Toolbar>
      {body()}
    </div>
  );
}

/** A small graph beside other things, which leads to the large one. */
export function MiniLineage({ home, start }: { home: ArtifactHome; start: Start }) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const homeOf = useHomeOf();
  const [open, setOpen] = useState<readonly string[]>([]);
  const [selected, setSelected] = useState<string | null>(null);
  const asked: LineageSearch = { ...start, direction: "both", depth: 2, expand: open };
  const graph = useQuery(lineageQuery(home, asked));
  const items = useItems(graph.data, home);
  const edges = graph.data?.edges;
  const ids = useMemo(() => items.map((item) => item.id), [items]);
  const ways = useMemo(() => waysOf(edges ?? []), [edges]);
  const layout = useQuery({
    queryKey: ["layout", ids, edges],
    queryFn: ({ signal }) => layOut(ids, edges ?? [], NODE_SIZE, signal),
    enabled: edges !== undefined && ids.length > 0,
    staleTime: Number.POSITIVE_INFINITY,
    retry: false,
  });
  if (graph.isError) {
    return <Failure compact title={t("lineage.error")} error={graph.error} />;
  }
  if (!graph.data || !layout.data || !edges) {
    return <SkeletonRows rows={4} label={t("common.loading")} />;
  }
  const go = (item: Item) => {
    if (item.cluster) return setOpen([...open, item.id]);
    const to = pageOf(item.node, homeOf);
    if (to) navigate({ to: to as "/" });
  };
  return (
    <div className={styles.mini}>
      <LineageGraphView
        data={{ items, edges }}
        layout={layout.data}
        ways={ways}
        start={graph.data.start}
        selected={selected}
        found={null}
        focus={null}
        onSelect={(id) => {
          const item = items.find((one) => one.id === id);
          if (id !== null && id === selected && item) go(item);
          else setSelected(id);
        }}
        onOpen={go}
      />
    </div>
  );
}

/** Leads to the graph on a page of its own. */
export function LineageLink({ home, start }: { home: ArtifactHome; start: Start }) {
  const { t } = useTranslation();
  return (
    <Link
      to={lineageHref(home) as "/"}
      search={{ ...start } as Params}
      className={buttonClass("default", "s")}
    >
      <Icon name="expand" size={13} />
      {t("table.fullPage")}
    </Link>
  );
}
