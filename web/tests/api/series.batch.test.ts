import { expect, test } from "vitest";
import { ApiError } from "@/api/http";
import { SeriesBatcher } from "@/api/series.batch";
import type { SeriesRequest } from "@/api/series.types";

interface Query {
  id: number;
  keys: string[];
  runs: string[];
}
interface Post {
  path: string;
  queries: Query[];
  signal: AbortSignal;
  answer: (make?: (query: Query) => string | null) => void;
  refuse: (error: Error) => void;
}

/** A server of which the test decides when it answers; a table names the key it was asked for. */
function fakeServer(options: { maxInFlight?: number; maxQueries?: number } = {}) {
  const posts: Post[] = [];
  const frame: (() => void)[] = [];
  const batcher = new SeriesBatcher({
    ...options,
    soon: (callback) => frame.push(callback),
    decode: async (bytes) => {
      const key = new TextDecoder().decode(bytes);
      if (key === "broken") throw new Error("not Arrow");
      return { low: 0, high: 1, items: [], key } as never;
    },
    post: (path, body, _accept, signal) =>
      new Promise((resolve, reject) => {
        const isBatch = path.endsWith("/batch");
        const queries = isBatch ? (body as { queries: Query[] }).queries : [body as Query];
        signal.addEventListener("abort", () => reject(signal.reason));
        posts.push({
          path,
          queries,
          signal,
          refuse: reject,
          answer: (make = (query) => query.keys[0] ?? null) => {
            const texts = queries.map((query) => [query, make(query)] as const);
            const parts = texts.flatMap(([query, text]) =>
              text === null
                ? []
                : [isBatch ? framed(query.id, text) : new TextEncoder().encode(text)],
            );
            resolve(new Response(new Uint8Array(parts.flatMap((part) => [...part]))));
          },
        });
      }),
  });
  const nextFrame = () => {
    for (const callback of frame.splice(0)) callback();
  };
  return { batcher, posts, nextFrame };
}

function framed(id: number, text: string): Uint8Array {
  const body = new TextEncoder().encode(text);
  const out = new Uint8Array(8 + body.length);
  new DataView(out.buffer).setUint32(0, body.length, true);
  new DataView(out.buffer).setUint32(4, id, true);
  out.set(body, 8);
  return out;
}

const request = (key: string, more: Partial<SeriesRequest> = {}): SeriesRequest => ({
  entity: "me",
  project: "digits",
  runs: ["r1"],
  keys: [key],
  stream: "history",
  x: "step",
  buckets: 400,
  ...more,
});

test("what panels ask within one frame travels in one POST", async () => {
  const { batcher, posts, nextFrame } = fakeServer();
  const answers = Promise.all(["loss", "acc", "lr"].map((key) => batcher.load(request(key))));
  expect(posts).toHaveLength(0);
  nextFrame();
  expect(posts.map((post) => [post.path, post.queries.map((query) => query.keys[0])])).toEqual([
    ["/api/v1/projects/me/digits/series/batch", ["loss", "acc", "lr"]],
  ]);
  posts[0]?.answer();
  expect(await answers).toMatchObject([{ key: "loss" }, { key: "acc" }, { key: "lr" }]);
});

test("one question goes to the plain route, with its exact range", async () => {
  const { batcher, posts, nextFrame } = fakeServer();
  const answer = batcher.load(request("loss", { range: { low: 10, high: 20.5 }, xKey: "epoch" }));
  nextFrame();
  expect(posts[0]?.path).toBe("/api/v1/projects/me/digits/series");
  expect(posts[0]?.queries[0]).toEqual({
    runs: ["r1"],
    keys: ["loss"],
    stream: "history",
    x: "step",
    x_key: "epoch",
    low: 10,
    high: 20.5,
    buckets: 400,
  });
  posts[0]?.answer();
  await expect(answer).resolves.toMatchObject({ key: "loss" });
});

test("equal questions share one answer, also while it is on its way", async () => {
  const { batcher, posts, nextFrame } = fakeServer();
  const first = batcher.load(request("loss"));
  const second = batcher.load(request("loss"));
  nextFrame();
  const third = batcher.load(request("loss"));
  nextFrame();
  expect(posts).toHaveLength(1);
  posts[0]?.answer();
  const [a, b, c] = await Promise.all([first, second, third]);
  expect(b).toBe(a);
  expect(c).toBe(a);
});

test("a fresh question does not join one that was sent before", async () => {
  const { batcher, posts, nextFrame } = fakeServer();
  const old = batcher.load(request("loss"));
  nextFrame();
  const fresh = batcher.load(request("loss"), { fresh: true });
  nextFrame();
  expect(posts).toHaveLength(2);
  posts[1]?.answer(() => "new");
  posts[0]?.answer(() => "old");
  expect(await Promise.all([old, fresh])).toMatchObject([{ key: "old" }, { key: "new" }]);
});

test("what is given up before the frame is never sent", async () => {
  const { batcher, posts, nextFrame } = fakeServer();
  const abort = new AbortController();
  const gone = batcher.load(request("loss"), { signal: abort.signal });
  const kept = batcher.load(request("acc"));
  abort.abort();
  await expect(gone).rejects.toMatchObject({ name: "AbortError" });
  nextFrame();
  expect(posts[0]?.queries.map((query) => query.keys[0])).toEqual(["acc"]);
  posts[0]?.answer();
  await kept;
});

test("a POST is cancelled once nobody waits for any part of it", async () => {
  const { batcher, posts, nextFrame } = fakeServer();
  const aborts = [new AbortController(), new AbortController()] as const;
  const both = [
    batcher.load(request("loss"), { signal: aborts[0].signal }),
    batcher.load(request("acc"), { signal: aborts[1].signal }),
  ];
  const settled = Promise.allSettled(both);
  nextFrame();
  aborts[0].abort();
  expect(posts[0]?.signal.aborted).toBe(false);
  aborts[1].abort();
  expect(posts[0]?.signal.aborted).toBe(true);
  expect((await settled).map((each) => each.status)).toEqual(["rejected", "rejected"]);
});

test("only so many POSTs run at once; the rest follow as they end", async () => {
  const { batcher, posts, nextFrame } = fakeServer({ maxInFlight: 2, maxQueries: 3 });
  const answers = Promise.all(Array.from({ length: 8 }, (_, n) => batcher.load(request(`k${n}`))));
  nextFrame();
  expect(posts.map((post) => post.queries.length)).toEqual([3, 3]);
  posts[0]?.answer();
  await expect.poll(() => posts.length).toBe(3);
  expect(posts[2]?.queries.map((query) => query.keys[0])).toEqual(["k6", "k7"]);
  posts[1]?.answer();
  posts[2]?.answer();
  expect(await answers).toHaveLength(8);
});

test("projects are asked apart", () => {
  const { batcher, posts, nextFrame } = fakeServer();
  void batcher.load(request("loss"));
  void batcher.load(request("loss", { project: "other" }));
  nextFrame();
  expect(posts.map((post) => post.path)).toEqual([
    "/api/v1/projects/me/digits/series",
    "/api/v1/projects/me/other/series",
  ]);
});

test("when a batch is refused for one query's sake the others are answered alone", async () => {
  const { batcher, posts, nextFrame } = fakeServer();
  const answers = Promise.allSettled([
    batcher.load(request("loss")),
    batcher.load(request("acc", { runs: ["deleted"] })),
  ]);
  nextFrame();
  posts[0]?.refuse(new ApiError(404, "not_found", "No run `deleted`"));
  await expect.poll(() => posts.length).toBe(3);
  posts[1]?.answer();
  posts[2]?.refuse(new ApiError(404, "not_found", "No run `deleted`"));
  expect(await answers).toMatchObject([
    { status: "fulfilled", value: { key: "loss" } },
    { status: "rejected", reason: { message: "No run `deleted`" } },
  ]);
});

test("a broken or missing part fails alone; a dead server fails all", async () => {
  const { batcher, posts, nextFrame } = fakeServer();
  const answers = Promise.allSettled(["a", "b", "c"].map((key) => batcher.load(request(key))));
  nextFrame();
  posts[0]?.answer((query) => (query.id === 1 ? "broken" : query.id === 2 ? null : "fine"));
  expect(await answers).toMatchObject([
    { value: { key: "fine" } },
    { reason: { message: "not Arrow" } },
    { reason: { message: expect.stringContaining("left out") } },
  ]);
  const later = Promise.allSettled(["a", "b"].map((key) => batcher.load(request(key))));
  nextFrame();
  posts[1]?.refuse(new ApiError(0, "unreachable", "The server cannot be reached."));
  expect((await later).map((each) => each.status)).toEqual(["rejected", "rejected"]);
  expect(posts).toHaveLength(2);
});
