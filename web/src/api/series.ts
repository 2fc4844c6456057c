import {
  keepPreviousData,
  type QueryClient,
  useQuery,
  useQueryClient,
} from "@tanstack/react-query";
import { useEffect, useMemo, useRef } from "react";
import type { SeriesTable } from "@/lib/buckets";
import { arrowDecoder } from "./arrow";
import { send } from "./http";
import { SeriesBatcher } from "./series.batch";
import { LiveRefresher } from "./series.live";
import type { SeriesOptions, SeriesRequest, SeriesResult } from "./series.types";
import { useLiveEvent } from "./stream";

export type { SeriesOptions, SeriesRequest, SeriesResult } from "./series.types";

const batcher = new SeriesBatcher({
  post: (path, body, accept, signal) =>
    send("POST", path, { body, signal, headers: { Accept: accept } }),
  decode: (bytes) => arrowDecoder.decode(bytes),
});

const refresher = new LiveRefresher();

/** Keys of cached series; `all` is what to invalidate after a run was deleted. */
export const seriesKeys = {
  all: ["series"] as const,
  project: (entity: string, project: string) => ["series", entity, project] as const,
  request: (request: SeriesRequest) =>
    [
      "series",
      request.entity,
      request.project,
      request.stream,
      request.xKey ?? request.x,
      request.xKey ? "key" : "axis",
      request.keys,
      request.runs,
      request.range ?? null,
      request.buckets,
    ] as const,
};

/** Widths in device pixels that bucket counts stop at, so that small resizes ask nothing. */
const BUCKET_STEPS = [100, 150, 200, 300, 400, 500, 640, 800, 1000, 1250, 1600, 2000];

/** How many buckets a plot of that width (CSS pixels) is worth: at least one per device pixel. */
export function bucketsFor(width: number, ratio = globalThis.devicePixelRatio || 1): number {
  const pixels = Math.ceil(width * ratio);
  return BUCKET_STEPS.find((step) => step >= pixels) ?? 2000;
}

/** Series for one panel: batched with other panels', kept while refetching, live. */
export function useSeries(request: SeriesRequest, options: SeriesOptions = {}): SeriesResult {
  const { visible = true, live = true } = options;
  const client = useQueryClient();
  const canAsk = request.runs.length > 0 && request.keys.length > 0 && request.buckets > 0;
  const queryKey = seriesKeys.request(request);
  const query = useQuery({
    queryKey,
    queryFn: ({ signal }) => batcher.load(request, { signal }),
    enabled: visible && canAsk,
    // Live events renew what is shown; after a longer absence it is asked again.
    staleTime: 10_000,
    refetchOnWindowFocus: !live,
    placeholderData: (previous: SeriesTable | undefined, before) =>
      sameAxis(before?.queryKey, queryKey) ? keepPreviousData(previous) : undefined,
    structuralSharing: false,
  });

  useCancelWhenHidden(client, request, visible);
  useLiveRefresh(client, request, visible && canAsk, live);

  return {
    data: query.data,
    isPrevious: query.isPlaceholderData,
    isLoading: query.isLoading,
    isFetching: query.isFetching,
    error: query.error,
    retry: () => void query.refetch(),
  };
}

type Key = ReturnType<typeof seriesKeys.request>;

/** Data over another x axis is not shown meanwhile: its numbers mean something else. */
function sameAxis(before: readonly unknown[] | undefined, now: Key): boolean {
  return before !== undefined && [1, 2, 3, 4, 5].every((part) => before[part] === now[part]);
}

/** What scrolled away before it was answered is not asked any more. */
function useCancelWhenHidden(client: QueryClient, request: SeriesRequest, visible: boolean): void {
  const latest = useRef(request);
  latest.current = request;
  useEffect(() => {
    if (visible) return;
    const queryKey = seriesKeys.request(latest.current);
    const found = client.getQueryCache().find({ queryKey, exact: true });
    if (found && found.state.fetchStatus !== "idle" && found.getObserversCount() <= 1) {
      void client.cancelQueries({ queryKey, exact: true });
    }
  }, [client, visible]);
}

function useLiveRefresh(
  client: QueryClient,
  request: SeriesRequest,
  active: boolean,
  live: boolean,
): void {
  const runs = useMemo(() => new Set(request.runs), [request.runs]);
  const panel = useRef(Symbol("panel"));
  const affected = useRef(new Set<string>());
  const latest = useRef({ request, active });
  latest.current = { request, active };

  const refresh = useRef(async () => {
    const { request: now, active: isActive } = latest.current;
    const changed = now.runs.filter((run) => affected.current.has(run));
    if (!isActive || changed.length === 0) return;
    const queryKey = seriesKeys.request(now);
    const state = client.getQueryState(queryKey);
    if (state?.fetchStatus === "fetching") {
      // The answer on its way may be older than the event: renew it once it is there.
      refresher.request(panel.current, refresh.current);
      return;
    }
    if (!state?.data) return;
    affected.current.clear();
    const part = await batcher.load({ ...now, runs: changed }, { fresh: true });
    client.setQueryData<SeriesTable>(queryKey, (known) => known && mergeRuns(known, part, changed));
  });

  useLiveEvent("history.appended", (event) => {
    if (!live || event.stream !== request.stream || !runs.has(event.run)) return;
    if (event.entity !== request.entity || event.project !== request.project) return;
    affected.current.add(event.run);
    if (active) refresher.request(panel.current, refresh.current);
  });
  useLiveEvent("resync", () => {
    if (live) void client.invalidateQueries({ queryKey: seriesKeys.request(request), exact: true });
  });
  useEffect(() => {
    if (active && affected.current.size > 0) refresher.request(panel.current, refresh.current);
  }, [active]);
  useEffect(() => {
    const own = panel.current;
    return () => refresher.forget(own);
  }, []);
}

/** Puts a newer answer for some runs in the place of what was known of them. */
export function mergeRuns(
  known: SeriesTable,
  part: SeriesTable,
  runs: readonly string[],
): SeriesTable {
  const replaced = new Set(runs);
  const newer = new Map(part.items.map((item) => [`${item.run}\0${item.key}`, item]));
  const items = known.items.flatMap((item) => {
    if (!replaced.has(item.run)) return [item];
    const id = `${item.run}\0${item.key}`;
    const found = newer.get(id);
    newer.delete(id);
    return found ? [found] : [];
  });
  return {
    low: least(known.low, part.low, Math.min),
    high: least(known.high, part.high, Math.max),
    items: [...items, ...newer.values()],
  };
}

function least(a: number | null, b: number | null, pick: (a: number, b: number) => number) {
  if (a === null || b === null) return a ?? b;
  return pick(a, b);
}
