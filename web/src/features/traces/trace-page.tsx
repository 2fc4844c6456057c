// biome-ignore-all lint/a11y/useSemanticElements: rows that exist only in sight, at computed places, are no table
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { useVirtualizer } from "@tanstack/react-virtual";
import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { callKeys, isRunning, traceQuery } from "@/api/calls";
import { useLiveEvent } from "@/api/stream";
import type { Call } from "@/api/types";
import { Failure } from "@/features/failure";
import { useNow } from "@/features/moment";
import { usePageTitle } from "@/features/title";
import type { Step, TraceTree, TreeNode } from "@/lib/trace";
import { bottleneck, buildTree, visibleNodes } from "@/lib/trace";
import type { Params } from "@/lib/view";
import { IconButton } from "@/ui/button";
import { Icon } from "@/ui/icon";
import { Notice, SkeletonRows } from "@/ui/states";
import { useShortcuts } from "@/ui/use-shortcuts";
import { useThrottled } from "@/ui/use-throttled";
import { CallPanel } from "./call-panel";
import { CallStatus, formatLatency } from "./status";
import styles from "./trace.module.css";

const ROW = 32;
const LIVE_MS = 1_000;

interface CallStep extends Step {
  call: Call;
}

/** One trace: its calls as a tree along time, and the chosen one beside it. */
export function TracePage() {
  const { t } = useTranslation();
  const { entity, project, trace } = useParams({ from: "/inside/$entity/$project/traces/$trace" });
  const { call: chosen } = useSearch({ strict: false }) as Params;
  const navigate = useNavigate();
  const found = useQuery(traceQuery(entity, project, trace));
  useLiveTrace(entity, project);
  const calls = found.data?.calls;
  const now = useNow(calls?.some(isRunning) ? 1_000 : 3_600_000);
  const tree = useMemo(() => (calls ? treeOf(calls, now) : null), [calls, now]);
  const root = tree?.roots[0]?.step.call;
  usePageTitle(root?.name ?? t("traces.trace"), project);
  const open = useCallback(
    (id: string) =>
      navigate({
        to: ".",
        replace: true,
        resetScroll: false,
        search: (old) => ({ ...(old as Params), call: id }),
      }),
    [navigate],
  );
  if (found.isPending) return <SkeletonRows rows={14} label={t("common.loading")} />;
  if (found.isError) {
    return <Failure title={t("traces.noTrace")} error={found.error} onRetry={found.refetch} />;
  }
  if (!tree || !root) return null;
  const selected = calls?.find((call) => call.id === chosen)?.id ?? root.id;
  return (
    <div className={styles.page}>
      <header className={styles.header}>
        <Link
          to="/$entity/$project/traces"
          params={{ entity, project }}
          className={styles.back}
          aria-label={t("traces.back")}
        >
          <Icon name="chevronLeft" size={14} />
          <span>{t("traces.title")}</span>
        </Link>
        <h1 className="truncate">{root.name}</h1>
        <CallStatus call={root} words />
        <span className={styles.fact}>{formatLatency((tree.end - tree.start) / 1000)}</span>
        <span className={styles.fact}>{t("traces.total", { count: found.data.calls.length })}</span>
      </header>
      <Where tree={tree} onOpen={open} />
      {found.data.truncated && <Notice kind="warning">{t("traces.truncated")}</Notice>}
      <div className={styles.columns}>
        <Tree tree={tree} selected={selected} onOpen={open} />
        <CallPanel entity={entity} project={project} call={selected} />
      </div>
    </div>
  );
}

function treeOf(calls: readonly Call[], now: number): TraceTree<CallStep> {
  return buildTree(
    calls.map((call) => {
      const start = new Date(call.started_at).getTime();
      return {
        id: call.id,
        parent: call.parent_id,
        name: call.name,
        start,
        // The latency is exact to the microsecond, the times of this page to the millisecond.
        end: call.latency_s === null ? null : start + call.latency_s * 1000,
        call,
      };
    }),
    now,
  );
}

function useLiveTrace(entity: string, project: string) {
  const client = useQueryClient();
  const refetch = useThrottled(() => {
    void client.invalidateQueries({ queryKey: callKeys.project(entity, project) });
  }, LIVE_MS);
  useLiveEvent("calls.changed", (event) => {
    if (event.entity === entity && event.project === project) refetch();
  });
  useLiveEvent("resync", refetch);
}

/** One sentence that names what held the trace up. */
function Where({ tree, onOpen }: { tree: TraceTree<CallStep>; onOpen: (id: string) => void }) {
  const { t } = useTranslation();
  const worst = useMemo(() => bottleneck(tree), [tree]);
  if (!worst || visibleNodes(tree, new Set()).length < 2) return null;
  const slowest = visibleNodes(tree, new Set())
    .filter((node) => node.step.name === worst.name)
    .sort((a, b) => b.critical - a.critical)[0];
  const words = {
    name: worst.name,
    time: formatLatency(worst.time / 1000),
    percent: Math.round(worst.share * 100),
    count: worst.calls,
  };
  return (
    <p className={styles.where}>
      <Icon name="clock" size={14} />
      <span>{t("traces.where", words)}</span>
      {slowest && tree.roots[0] !== slowest && (
        <button type="button" onClick={() => onOpen(slowest.step.id)}>
          {t("traces.whereShow")}
        </button>
      )}
    </p>
  );
}

function Tree({
  tree,
  selected,
  onOpen,
}: {
  tree: TraceTree<CallStep>;
  selected: string;
  onOpen: (id: string) => void;
}) {
  const { t } = useTranslation();
  const scroller = useRef<HTMLDivElement>(null);
  const [folded, setFolded] = useState<ReadonlySet<string>>(new Set());
  const nodes = useMemo(() => visibleNodes(tree, folded), [tree, folded]);
  const index = nodes.findIndex((node) => node.step.id === selected);
  const virtual = useVirtualizer({
    count: nodes.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW,
    overscan: 20,
  });
  // biome-ignore lint/correctness/useExhaustiveDependencies: only another choice moves the view
  useEffect(() => {
    if (index >= 0) virtual.scrollToIndex(index, { align: "auto" });
  }, [selected]);
  const fold = (id: string, on: boolean) => {
    const next = new Set(folded);
    if (on) next.add(id);
    else next.delete(id);
    setFolded(next);
  };
  const move = (by: number) => {
    const next = nodes[Math.min(nodes.length - 1, Math.max(0, index + by))];
    if (next) onOpen(next.step.id);
  };
  const current = nodes[index];
  const outwards = () => {
    if (!current) return;
    if (current.children.length > 0 && !folded.has(current.step.id)) fold(selected, true);
    else if (current.step.parent) onOpen(current.step.parent);
  };
  useShortcuts(
    Object.fromEntries([
      ["j", () => move(1)],
      ["k", () => move(-1)],
      ["ArrowDown", () => move(1)],
      ["ArrowUp", () => move(-1)],
      ["ArrowLeft", outwards],
      ["ArrowRight", () => fold(selected, false)],
    ]),
  );
  const span = Math.max(1, tree.end - tree.start);
  return (
    <section
      className={styles.tree}
      aria-label={t("traces.tree")}
      style={{ "--rows": nodes.length } as React.CSSProperties}
    >
      <div className={styles.treeTools}>
        <IconButton
          icon="chevronDown"
          size="s"
          label={t("traces.unfoldAll")}
          onClick={() => setFolded(new Set())}
        />
        <IconButton
          icon="chevronRight"
          size="s"
          label={t("traces.foldAll")}
          onClick={() =>
            setFolded(
              new Set(
                visibleNodes(tree, new Set())
                  .filter((node) => node.children.length > 0 && node.depth > 0)
                  .map((node) => node.step.id),
              ),
            )
          }
        />
        <span className="muted">{t("traces.treeKeys")}</span>
      </div>
      <div className={styles.treeBody} ref={scroller}>
        <div
          role="tree"
          tabIndex={-1}
          aria-label={t("traces.tree")}
          style={{ height: virtual.getTotalSize(), position: "relative" }}
        >
          {virtual.getVirtualItems().map((item) => {
            const node = nodes[item.index];
            return (
              node && (
                <TreeRow
                  key={node.step.id}
                  node={node}
                  top={item.start}
                  origin={tree.start}
                  span={span}
                  selected={node.step.id === selected}
                  folded={folded.has(node.step.id)}
                  onFold={(on) => fold(node.step.id, on)}
                  onOpen={() => onOpen(node.step.id)}
                />
              )
            );
          })}
        </div>
      </div>
    </section>
  );
}

function TreeRow({
  node,
  top,
  origin,
  span,
  selected,
  folded,
  onFold,
  onOpen,
}: {
  node: TreeNode<CallStep>;
  top: number;
  origin: number;
  span: number;
  selected: boolean;
  folded: boolean;
  onFold: (on: boolean) => void;
  onOpen: () => void;
}) {
  const { t } = useTranslation();
  const { call, start } = node.step;
  const hasChildren = node.children.length > 0;
  const share = Math.min(1, node.critical / span);
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: arrows, j and k do the same
    <div
      role="treeitem"
      tabIndex={-1}
      aria-level={node.depth + 1}
      aria-selected={selected}
      aria-expanded={hasChildren ? !folded : undefined}
      className={styles.row}
      data-selected={selected || undefined}
      style={{ transform: `translateY(${top}px)` }}
      onClick={onOpen}
    >
      <span className={styles.label} style={{ paddingLeft: 8 + Math.min(node.depth, 24) * 14 }}>
        {hasChildren ? (
          <button
            type="button"
            className={styles.twist}
            aria-label={folded ? t("traces.unfold") : t("traces.fold")}
            onClick={(event) => {
              event.stopPropagation();
              onFold(!folded);
            }}
          >
            <Icon name={folded ? "chevronRight" : "chevronDown"} size={12} />
          </button>
        ) : (
          <span className={styles.twist} />
        )}
        <CallStatus call={call} />
        <span className="truncate">{call.name}</span>
        {folded && <span className={styles.count}>{countBelow(node)}</span>}
      </span>
      <span
        className={styles.lane}
        title={t("traces.self", { time: formatLatency(node.self / 1000) })}
      >
        <span
          className={styles.span}
          data-bad={call.status === "error" || undefined}
          style={{
            left: `${((start - origin) / span) * 100}%`,
            width: `${Math.max(0.4, (node.total / span) * 100)}%`,
            opacity: 0.45 + 0.55 * Math.min(1, share * 2),
          }}
        />
      </span>
      <span className={styles.latency}>{formatLatency(call.latency_s)}</span>
    </div>
  );
}

function countBelow(node: TreeNode<CallStep>): number {
  let count = 0;
  const waiting = [...node.children];
  while (waiting.length > 0) {
    const next = waiting.pop() as TreeNode<CallStep>;
    count += 1;
    waiting.push(...next.children);
  }
  return count;
}
