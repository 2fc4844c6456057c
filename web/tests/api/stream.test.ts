import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { LiveStream, scopeOf } from "@/api/stream";
import { EventParser, type ServerEvent } from "@/api/stream.connection";

beforeEach(() => {
  vi.useFakeTimers();
  vi.spyOn(Math, "random").mockReturnValue(0.5);
});
afterEach(() => {
  vi.useRealTimers();
});

/** A server of which the test plays every byte. */
function fakeServer() {
  const opened: {
    url: string;
    signal: AbortSignal;
    say: (text: string) => Promise<void>;
    end: () => Promise<void>;
  }[] = [];
  let refusal: number | "unreachable" | null = null;
  const settle = () => vi.advanceTimersByTimeAsync(0);
  const fetcher = (async (url: string, init: RequestInit) => {
    const signal = init.signal as AbortSignal;
    let controller: ReadableStreamDefaultController<Uint8Array> | undefined;
    const body = new ReadableStream<Uint8Array>({
      start: (made) => {
        controller = made;
      },
    });
    signal.addEventListener("abort", () => controller?.error(signal.reason));
    opened.push({
      url,
      signal,
      say: async (text) => {
        controller?.enqueue(new TextEncoder().encode(text));
        await settle();
      },
      end: async () => {
        controller?.close();
        await settle();
      },
    });
    if (refusal === "unreachable") throw new TypeError("Failed to fetch");
    if (refusal !== null) return new Response("", { status: refusal });
    return new Response(body);
  }) as typeof fetch;
  return {
    fetcher,
    opened,
    refuse: (how: typeof refusal) => {
      refusal = how;
    },
  };
}

async function started(interest = { entity: "me", project: "digits" }) {
  const server = fakeServer();
  const stream = new LiveStream(server.fetcher);
  const stopWatching = stream.watch(interest);
  stream.start();
  await vi.advanceTimersByTimeAsync(60);
  return { server, stream, stopWatching };
}

const hello = "event: hello\ndata: {}\n\n";
const appended = (run: string) =>
  `event: history.appended\ndata: {"entity":"me","project":"digits","run":"${run}","stream":"history","last_step":3,"keys_added":false}\n\n`;

test("a stream that opens late asks for what happened since the page was read", async () => {
  const server = fakeServer();
  const stream = new LiveStream(server.fetcher);
  stream.watch({ entity: "me", project: "digits" });
  await vi.advanceTimersByTimeAsync(20_000); // signing in, say
  stream.start();
  await vi.advanceTimersByTimeAsync(60);
  expect(server.opened[0]?.url).toContain("recent=26");
  await server.opened[0]?.say(hello);

  await vi.advanceTimersByTimeAsync(10_000);
  stream.watch({ entity: "me", project: "letters" }); // the open one does not bring it
  await vi.advanceTimersByTimeAsync(60);
  expect(server.opened[1]?.url).toBe("/api/v1/stream?recent=6");
});

test("a wait longer than the server keeps events ends in a resync", async () => {
  const server = fakeServer();
  const stream = new LiveStream(server.fetcher);
  const resync = vi.fn();
  stream.on("resync", resync);
  stream.watch({ entity: "me", project: "digits" });
  await vi.advanceTimersByTimeAsync(90_000);
  stream.start();
  await vi.advanceTimersByTimeAsync(60);
  expect(server.opened[0]?.url).toContain("recent=60");
  await server.opened[0]?.say(hello);
  expect(resync).toHaveBeenCalledTimes(1);
});

test("events reach their handlers, typed and in order", async () => {
  const { server, stream } = await started();
  const runs: string[] = [];
  const off = stream.on("history.appended", (event) => runs.push(event.run));
  expect(server.opened.map((each) => each.url)).toEqual([
    "/api/v1/stream?project=me%2Fdigits&recent=6",
  ]);
  expect(stream.getConnection().state).toBe("connecting");
  await server.opened[0]?.say(hello + appended("a"));
  await server.opened[0]?.say(appended("b"));
  off();
  await server.opened[0]?.say(appended("c"));
  expect(runs).toEqual(["a", "b"]);
  expect(stream.getConnection().state).toBe("live");
});

test("after a break it connects again, waiting longer each time, and announces a gap", async () => {
  const { server, stream } = await started();
  const resync = vi.fn();
  stream.on("resync", resync);
  await server.opened[0]?.say(hello);
  expect(resync).not.toHaveBeenCalled();
  server.refuse("unreachable");
  await server.opened[0]?.end();
  expect(stream.getConnection().state).toBe("delayed");
  await vi.advanceTimersByTimeAsync(600);
  expect(server.opened).toHaveLength(2);
  expect(stream.getConnection().state).toBe("offline");
  await vi.advanceTimersByTimeAsync(900);
  expect(server.opened).toHaveLength(2);
  await vi.advanceTimersByTimeAsync(200);
  expect(server.opened).toHaveLength(3);
  server.refuse(null);
  await vi.advanceTimersByTimeAsync(2100);
  await server.opened[3]?.say(hello);
  expect(stream.getConnection().state).toBe("live");
  expect(resync).toHaveBeenCalledTimes(1);
});

test("coming back on line does not wait for the next attempt", async () => {
  const { server, stream } = await started();
  await server.opened[0]?.say(hello);
  server.refuse("unreachable");
  await server.opened[0]?.end();
  await vi.advanceTimersByTimeAsync(20_000);
  const attempts = server.opened.length;
  server.refuse(null);
  globalThis.dispatchEvent(new Event("online"));
  await vi.advanceTimersByTimeAsync(60);
  expect(server.opened).toHaveLength(attempts + 1);
  stream.stop();
});

test("comments keep a quiet stream live; without them it is delayed, then given up", async () => {
  const { server, stream } = await started();
  await server.opened[0]?.say(hello);
  for (let n = 0; n < 4; n++) {
    await vi.advanceTimersByTimeAsync(15_000);
    await server.opened[0]?.say(":\n\n");
    expect(stream.getConnection().state).toBe("live");
  }
  await vi.advanceTimersByTimeAsync(21_000);
  expect(stream.getConnection().state).toBe("delayed");
  await server.opened[0]?.say(":\n\n");
  expect(stream.getConnection().state).toBe("live");
  await vi.advanceTimersByTimeAsync(46_000);
  expect(server.opened[0]?.signal.aborted).toBe(true);
  await vi.advanceTimersByTimeAsync(1000);
  expect(server.opened).toHaveLength(2);
});

test("a wider interest opens a new stream before the old one is closed", async () => {
  const { server, stream } = await started();
  await server.opened[0]?.say(hello);
  const resync = vi.fn();
  stream.on("resync", resync);
  stream.watch({});
  await vi.advanceTimersByTimeAsync(60);
  expect(server.opened[1]?.url).toBe("/api/v1/stream?recent=6");
  expect(server.opened[0]?.signal.aborted).toBe(false);
  await server.opened[1]?.say(hello);
  expect(server.opened[0]?.signal.aborted).toBe(true);
  expect(stream.getConnection().state).toBe("live");
  expect(resync).not.toHaveBeenCalled();
});

test("a narrower interest keeps the stream that covers it", async () => {
  const { server, stream } = await started();
  await server.opened[0]?.say(hello);
  stream.watch({ entity: "me", project: "digits", runs: ["a"] });
  await vi.advanceTimersByTimeAsync(60);
  expect(server.opened).toHaveLength(1);
});

test("without interests nothing is open", async () => {
  const { server, stopWatching } = await started();
  await server.opened[0]?.say(hello);
  stopWatching();
  await vi.advanceTimersByTimeAsync(60);
  expect(server.opened[0]?.signal.aborted).toBe(true);
});

test("paused means silent; resuming announces what may have been missed", async () => {
  const { server, stream } = await started();
  await server.opened[0]?.say(hello);
  const resync = vi.fn();
  stream.on("resync", resync);
  stream.pause();
  expect(server.opened[0]?.signal.aborted).toBe(true);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(server.opened).toHaveLength(1);
  expect(stream.getConnection().state).toBe("paused");
  stream.resume();
  await vi.advanceTimersByTimeAsync(60);
  await server.opened[1]?.say(hello);
  expect(resync).toHaveBeenCalledTimes(1);
});

test("the request is as narrow as the interests allow", () => {
  const here = { entity: "me", project: "digits" };
  expect(scopeOf([])).toBeNull();
  expect(
    scopeOf([
      { ...here, runs: ["b"] },
      { ...here, runs: ["a", "b"] },
    ]),
  ).toEqual({
    project: "me/digits",
    runs: ["a", "b"],
  });
  expect(scopeOf([here, { ...here, runs: ["a"] }])).toEqual({ project: "me/digits", runs: null });
  expect(scopeOf([here, { entity: "me", project: "other" }])).toEqual({
    project: null,
    runs: null,
  });
  const many = Array.from({ length: 21 }, (_, n) => String(n));
  expect(scopeOf([{ ...here, runs: many }])).toEqual({ project: "me/digits", runs: null });
});

test("the parser takes events however the text is cut", () => {
  const text =
    'event: a\ndata: {"x":\ndata: 1}\n\n:comment\n\ndata: plain\r\n\r\nevent: no data\n\n';
  const expected = [
    { name: "a", data: '{"x":\n1}' },
    { name: "message", data: "plain" },
  ];
  for (const cut of [1, 3, 7, text.length]) {
    const events: ServerEvent[] = [];
    const parser = new EventParser((event) => events.push(event));
    for (let at = 0; at < text.length; at += cut) parser.push(text.slice(at, at + cut));
    expect(events).toEqual(expected);
  }
});
