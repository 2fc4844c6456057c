import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { act, renderHook, waitFor } from "@testing-library/react";
import type { ReactNode } from "react";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { SeriesRequest } from "@/api/series.types";
import type { Buckets, SeriesTable } from "@/lib/buckets";

const asked: { runs: string[]; keys: string[]; low?: number; signal: AbortSignal }[] = [];
let value = 1;

vi.mock("@/api/arrow", () => ({
  arrowDecoder: { decode: async (bytes: ArrayBuffer) => decode(new TextDecoder().decode(bytes)) },
}));

const { bucketsFor, mergeRuns, useSeries } = await import("@/api/series");
const { live } = await import("@/api/stream");

function decode(text: string): SeriesTable {
  const query = JSON.parse(text) as { runs: string[]; keys: string[]; value: number };
  const items = query.runs.flatMap((run) => query.keys.map((key) => item(run, key, query.value)));
  return { low: 0, high: query.value, items };
}

function item(run: string, key: string, last: number): Buckets {
  const one = () => Float64Array.of(last);
  return {
    run, key, xFirst: one(), xLast: one(), min: one(), max: one(),
    mean: one(), last: one(), count: one(), nonfinite: Float64Array.of(0),
  }; // biome-ignore format: a table
}

beforeEach(() => {
  asked.length = 0;
  value = 1;
  vi.stubGlobal("fetch", async (_path: string, init: RequestInit) => {
    const query = JSON.parse(String(init.body));
    asked.push({ ...query, signal: init.signal as AbortSignal });
    return new Response(JSON.stringify({ ...query, value }));
  });
});
afterEach(() => vi.unstubAllGlobals());

const request: SeriesRequest = {
  entity: "me",
  project: "digits",
  runs: ["a", "b"],
  keys: ["loss"],
  stream: "history",
  x: "step",
  buckets: 400,
};

function mount(initial: { request: SeriesRequest; visible?: boolean }) {
  const client = new QueryClient({ defaultOptions: { queries: { retry: false } } });
  const wrapper = ({ children }: { children: ReactNode }) => (
    <QueryClientProvider client={client}>{children}</QueryClientProvider>
  );
  return renderHook(
    ({ request, visible }: { request: SeriesRequest; visible?: boolean }) =>
      useSeries(request, { visible }),
    { initialProps: initial, wrapper },
  );
}

const shown = (table: SeriesTable | undefined) =>
  table?.items.map(({ run, last }) => [run, last[0]]);

/** Plays an event as the stream would. */
function event(run: string, more: object = {}) {
  const data = {
    entity: "me",
    project: "digits",
    run,
    stream: "history",
    last_step: 9,
    keys_added: false,
    ...more,
  };
  act(() =>
    (live as unknown as { emit: (name: string, data: object) => void }).emit(
      "history.appended",
      data,
    ),
  );
}

test("a hidden panel asks nothing; once visible it does", async () => {
  const { result, rerender } = mount({ request, visible: false });
  await act(() => new Promise((resolve) => requestAnimationFrame(() => resolve(undefined))));
  expect(asked).toEqual([]);
  rerender({ request, visible: true });
  await waitFor(() =>
    expect(shown(result.current.data)).toEqual([
      ["a", 1],
      ["b", 1],
    ]),
  );
  expect(asked).toHaveLength(1);
});

test("a live event refetches its run alone and leaves the others as they are", async () => {
  const { result } = mount({ request });
  await waitFor(() => expect(result.current.data).toBeDefined());
  const before = result.current.data?.items;
  value = 2;
  event("b");
  await waitFor(() =>
    expect(shown(result.current.data)).toEqual([
      ["a", 1],
      ["b", 2],
    ]),
  );
  expect(result.current.data?.items[0]).toBe(before?.[0]);
  expect(result.current.data?.high).toBe(2);
  expect(asked.map((query) => query.runs)).toEqual([["a", "b"], ["b"]]);
});

test("events of other runs, projects and streams change nothing", async () => {
  const { result } = mount({ request });
  await waitFor(() => expect(result.current.data).toBeDefined());
  event("elsewhere");
  event("a", { project: "other" });
  event("a", { stream: "system" });
  value = 3;
  event("a");
  await waitFor(() =>
    expect(shown(result.current.data)).toEqual([
      ["a", 3],
      ["b", 1],
    ]),
  );
  expect(asked).toHaveLength(2);
});

test("zooming asks for the exact range and keeps the old lines until they come", async () => {
  const { result, rerender } = mount({ request });
  await waitFor(() => expect(result.current.data).toBeDefined());
  value = 5;
  rerender({ request: { ...request, range: { low: 2, high: 4 } } });
  expect(result.current.isPrevious).toBe(true);
  expect(shown(result.current.data)).toEqual([
    ["a", 1],
    ["b", 1],
  ]);
  await waitFor(() => expect(result.current.isPrevious).toBe(false));
  expect(shown(result.current.data)).toEqual([
    ["a", 5],
    ["b", 5],
  ]);
  expect(asked[1]).toMatchObject({ low: 2, high: 4 });
});

test("lines over another x axis are not shown meanwhile", async () => {
  const { result, rerender } = mount({ request });
  await waitFor(() => expect(result.current.data).toBeDefined());
  rerender({ request: { ...request, x: "time" } });
  expect(result.current.data).toBeUndefined();
  await waitFor(() => expect(result.current.data).toBeDefined());
});

test("a panel that is hidden before the answer cancels its question", async () => {
  vi.stubGlobal("fetch", (_path: string, init: RequestInit) => {
    asked.push({ runs: [], keys: [], signal: init.signal as AbortSignal });
    return new Promise((_, reject) =>
      init.signal?.addEventListener("abort", () => reject(init.signal?.reason)),
    );
  });
  const { rerender } = mount({ request, visible: true });
  await waitFor(() => expect(asked).toHaveLength(1));
  rerender({ request, visible: false });
  await waitFor(() => expect(asked[0]?.signal.aborted).toBe(true));
});

test("small changes of width ask for the same buckets", () => {
  expect(bucketsFor(390, 1)).toBe(bucketsFor(398, 1));
  expect(bucketsFor(390, 2)).toBe(800);
  expect(bucketsFor(5000, 2)).toBe(2000);
});

test("merging replaces, adds and removes the series of the runs asked for", () => {
  const known = {
    low: 0,
    high: 5,
    items: [item("a", "x", 1), item("b", "x", 1), item("b", "y", 1)],
  };
  const part = { low: -1, high: 3, items: [item("b", "x", 2), item("b", "z", 2)] };
  const merged = mergeRuns(known, part, ["b"]);
  expect(merged.items.map(({ run, key, last }) => `${run}.${key}=${last[0]}`)).toEqual([
    "a.x=1",
    "b.x=2",
    "b.z=2",
  ]);
  expect([merged.low, merged.high]).toEqual([-1, 5]);
});
