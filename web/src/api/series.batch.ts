import type { SeriesTable } from "@/lib/buckets";
import { ApiError, apiPath } from "./http";
import { readFrames } from "./series.frames";
import type { SeriesRequest } from "./series.types";

const ARROW = "application/vnd.apache.arrow.stream";
const FRAMES = "application/x-kiseki-frames";

export interface BatcherOptions {
  /** Sends JSON; throws `ApiError` unless it succeeds. */
  post: (path: string, body: unknown, accept: string, signal: AbortSignal) => Promise<Response>;
  decode: (bytes: ArrayBuffer) => Promise<SeriesTable>;
  /** Calls back when requests of this frame have gathered. */
  soon?: (callback: () => void) => void;
  /** Browsers give one server six connections; one of them is the live stream. */
  maxInFlight?: number;
  maxQueries?: number;
}

interface Entry {
  id: string;
  request: SeriesRequest;
  waiting: Set<{ resolve: (table: SeriesTable) => void; reject: (error: unknown) => void }>;
  /** The POST that carries it, once sent. */
  post: AbortController | null;
}

/**
 * Gathers the series requests that panels make within one frame into few POSTs.
 *
 * Equal requests share one answer. A request that nobody waits for any more is not sent; a POST
 * of which nobody waits for anything is cancelled.
 */
export class SeriesBatcher {
  private readonly queue: Entry[] = [];
  private readonly entries = new Map<string, Entry>();
  private inFlight = 0;
  private isScheduled = false;

  constructor(private readonly options: BatcherOptions) {}

  /** `fresh` does not join a request that is on its way: its answer may be too old. */
  load(
    request: SeriesRequest,
    { signal, fresh = false }: { signal?: AbortSignal; fresh?: boolean } = {},
  ): Promise<SeriesTable> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) {
        reject(signal.reason);
        return;
      }
      const id = JSON.stringify(request);
      let entry = this.entries.get(id);
      if (!entry || (fresh && entry.post)) {
        entry = { id, request, waiting: new Set(), post: null };
        this.entries.set(id, entry);
        this.queue.push(entry);
      }
      const joined = entry;
      const one = { resolve, reject };
      joined.waiting.add(one);
      signal?.addEventListener("abort", () => {
        if (!joined.waiting.delete(one)) return;
        reject(signal.reason);
        if (joined.waiting.size === 0) this.drop(joined);
      });
      this.schedule();
    });
  }

  private drop(entry: Entry): void {
    const at = this.queue.indexOf(entry);
    if (at >= 0) this.queue.splice(at, 1);
    if (this.entries.get(entry.id) === entry) this.entries.delete(entry.id);
    const { post } = entry;
    if (!post) return;
    for (const other of this.entries.values()) if (other.post === post) return;
    post.abort();
  }

  private schedule(): void {
    if (this.isScheduled) return;
    this.isScheduled = true;
    const soon = this.options.soon ?? afterFrame;
    soon(() => {
      this.isScheduled = false;
      this.flush();
    });
  }

  private flush(): void {
    const { maxInFlight = 3, maxQueries = 16 } = this.options;
    while (this.queue.length > 0 && this.inFlight < maxInFlight) {
      const first = this.queue[0] as Entry;
      const group = this.queue.filter((each) => sameProject(each, first)).slice(0, maxQueries);
      for (const entry of group) this.queue.splice(this.queue.indexOf(entry), 1);
      this.inFlight++;
      void this.send(group).finally(() => {
        this.inFlight--;
        this.flush();
      });
    }
  }

  private async send(group: readonly Entry[]): Promise<void> {
    const post = new AbortController();
    for (const entry of group) entry.post = post;
    try {
      if (group.length === 1) await this.sendOne(group[0] as Entry, post.signal);
      else await this.sendMany(group, post.signal);
    } catch (error) {
      if (group.length > 1 && isOneQuerysFault(error)) {
        await Promise.all(group.map((entry) => this.sendAlone(entry, post.signal)));
        return;
      }
      for (const entry of group) this.fail(entry, error);
    }
  }

  private async sendAlone(entry: Entry, signal: AbortSignal): Promise<void> {
    if (entry.waiting.size === 0) return;
    try {
      await this.sendOne(entry, signal);
    } catch (error) {
      this.fail(entry, error);
    }
  }

  private async sendOne(entry: Entry, signal: AbortSignal): Promise<void> {
    const { entity, project } = entry.request;
    const path = apiPath("projects", entity, project, "series");
    const response = await this.options.post(path, queryOf(entry.request), ARROW, signal);
    this.answer(entry, await this.options.decode(await response.arrayBuffer()));
  }

  private async sendMany(group: readonly Entry[], signal: AbortSignal): Promise<void> {
    const { entity, project } = (group[0] as Entry).request;
    const path = apiPath("projects", entity, project, "series", "batch");
    const queries = group.map((entry, index) => ({ id: index, ...queryOf(entry.request) }));
    const response = await this.options.post(path, { queries }, FRAMES, signal);
    if (!response.body) throw new ApiError(0, "empty", "The server's answer is empty.");
    const missing = new Set(group);
    const decoding: Promise<void>[] = [];
    let broken: unknown = new ApiError(
      0,
      "incomplete",
      "The server left out a part of its answer.",
    );
    try {
      for await (const frame of readFrames(response.body)) {
        const entry = group[frame.index];
        if (entry && missing.delete(entry)) decoding.push(this.decode(entry, frame.bytes));
      }
    } catch (error) {
      broken = error;
    }
    await Promise.all(decoding);
    for (const entry of missing) this.fail(entry, broken);
  }

  private async decode(entry: Entry, bytes: ArrayBuffer): Promise<void> {
    try {
      this.answer(entry, await this.options.decode(bytes));
    } catch (error) {
      this.fail(entry, error);
    }
  }

  private answer(entry: Entry, table: SeriesTable): void {
    if (this.entries.get(entry.id) === entry) this.entries.delete(entry.id);
    for (const one of entry.waiting) one.resolve(table);
    entry.waiting.clear();
  }

  private fail(entry: Entry, error: unknown): void {
    if (this.entries.get(entry.id) === entry) this.entries.delete(entry.id);
    for (const one of entry.waiting) one.reject(error);
    entry.waiting.clear();
  }
}

function queryOf({ runs, keys, stream, x, xKey, range, buckets }: SeriesRequest) {
  return {
    runs,
    keys,
    stream,
    x,
    ...(xKey ? { x_key: xKey } : {}),
    ...(range ? { low: range.low, high: range.high } : {}),
    buckets,
  };
}

function sameProject(a: Entry, b: Entry): boolean {
  return a.request.entity === b.request.entity && a.request.project === b.request.project;
}

/** A batch is refused whole, say for one run that is gone: asked alone, the others succeed. */
function isOneQuerysFault(error: unknown): boolean {
  return error instanceof ApiError && [400, 404, 405, 422, 501].includes(error.status);
}

function afterFrame(callback: () => void): void {
  // A hidden tab paints no frames; its requests go out all the same.
  if (document.visibilityState === "visible") requestAnimationFrame(callback);
  else setTimeout(callback, 16);
}
