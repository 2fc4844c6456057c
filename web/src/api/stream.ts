import { useEffect, useRef, useSyncExternalStore } from "react";
import { withQuery } from "./http";
import { connect, type ServerEvent } from "./stream.connection";
import type {
  ConnectionState,
  LiveEventName,
  LiveEvents,
  LiveHandler,
  LiveInterest,
} from "./stream.types";

export type { ConnectionState, LiveEventName, LiveEvents, LiveInterest } from "./stream.types";

/** The server says something every 15 s: so much silence is suspicious, so much is death. */
const DELAYED_AFTER_MS = 20_000;
const DEAD_AFTER_MS = 45_000;
const BACKOFF_MS = [500, 1000, 2000, 5000, 10_000, 20_000];
/** Components mount one after another; wait for all of them before asking. */
const GATHER_MS = 50;
/** A page may have been read so long before its components mounted, on a slow machine. */
const READ_BEFORE_S = 5;
/** What happened longer ago than this is not asked for: `resync` covers it. */
const MOST_RECENT_S = 60;
/** Few runs are named in the request; for more it asks for their whole project. */
const MOST_RUNS = 20;

export interface Connection {
  state: ConnectionState;
  /** When the state began, in ms since 1970. */
  since: number;
}

/** What one request to the stream covers. */
interface Scope {
  project: string | null;
  runs: readonly string[] | null;
}

/** The tab's one stream of events: components register interests and handlers. */
export class LiveStream {
  private readonly interests = new Map<symbol, LiveInterest>();
  private readonly handlers = new Map<LiveEventName, Set<LiveHandler<LiveEventName>>>();
  private readonly listeners = new Set<() => void>();
  private connection: Connection = { state: "connecting", since: Date.now() };
  private scope: Scope | null = null;
  private close: (() => void) | null = null;
  private opening: (() => void) | null = null;
  private isStarted = false;
  private isPaused = false;
  private mayHaveMissed = false;
  /** Since when something is wanted that no open connection brings; null when all is covered. */
  private uncoveredSince: number | null = null;
  private attempt = 0;
  private lastAlive = 0;
  private timers: Record<"gather" | "retry" | "watch", ReturnType<typeof setTimeout> | undefined> =
    {
      gather: undefined,
      retry: undefined,
      watch: undefined,
    };

  constructor(private readonly fetcher: typeof fetch = (...args) => fetch(...args)) {}

  /** Connects, now and again after breaks. Call it once the user is signed in. */
  start(): void {
    if (this.isStarted) return;
    this.isStarted = true;
    globalThis.addEventListener?.("online", this.hurry);
    globalThis.document?.addEventListener("visibilitychange", this.hurry);
    this.set("connecting");
    this.gather();
  }

  stop(): void {
    this.isStarted = false;
    globalThis.removeEventListener?.("online", this.hurry);
    globalThis.document?.removeEventListener("visibilitychange", this.hurry);
    this.disconnect();
    this.mayHaveMissed = false;
    this.set("connecting");
  }

  /** Stops events until `resume`; what happened meanwhile is then announced by `resync`. */
  pause(): void {
    this.isPaused = true;
    this.disconnect();
    this.mayHaveMissed = true;
    this.set("paused");
  }

  resume(): void {
    if (!this.isPaused) return;
    this.isPaused = false;
    this.set("connecting");
    this.gather();
  }

  /** Asks for events; returns how to give the interest up. */
  watch(interest: LiveInterest): () => void {
    const id = Symbol("interest");
    this.interests.set(id, interest);
    const wanted = scopeOf([...this.interests.values()]);
    if (wanted && !(this.scope && covers(this.scope, wanted))) this.uncoveredSince ??= Date.now();
    this.gather();
    return () => {
      this.interests.delete(id);
      this.gather();
    };
  }

  on<N extends LiveEventName>(name: N, handler: LiveHandler<N>): () => void {
    const set = this.handlers.get(name) ?? new Set();
    this.handlers.set(name, set);
    set.add(handler as LiveHandler<LiveEventName>);
    return () => {
      set.delete(handler as LiveHandler<LiveEventName>);
    };
  }

  subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => {
      this.listeners.delete(listener);
    };
  };

  getConnection = (): Connection => this.connection;

  private set(state: ConnectionState): void {
    if (this.connection.state === state) return;
    this.connection = { state, since: Date.now() };
    for (const listener of this.listeners) listener();
  }

  private gather(): void {
    if (!this.isStarted || this.isPaused || this.timers.gather !== undefined) return;
    this.timers.gather = setTimeout(() => {
      this.timers.gather = undefined;
      const wanted = scopeOf([...this.interests.values()]);
      if (!wanted) this.disconnect();
      else if (!this.scope || !covers(this.scope, wanted)) this.open(wanted);
    }, GATHER_MS);
  }

  /** The old connection serves until the new one speaks, so that nothing falls between. */
  private open(scope: Scope): void {
    this.opening?.();
    clearTimeout(this.timers.retry);
    this.scope = scope;
    // The pages were read before this: what changed meanwhile is wanted too.
    const waited = (Date.now() - (this.uncoveredSince ?? Date.now())) / 1000 + READ_BEFORE_S;
    if (waited > MOST_RECENT_S) this.mayHaveMissed = true;
    const url = withQuery("/api/v1/stream", {
      project: scope.project,
      run: scope.runs,
      recent: Math.min(Math.ceil(waited), MOST_RECENT_S),
    });
    let isCurrent = false;
    const close = connect(
      url,
      {
        onAlive: () => {
          if (!isCurrent) {
            isCurrent = true;
            this.close?.();
            this.close = close;
            this.opening = null;
            this.opened();
          }
          this.alive();
        },
        onEvent: (event) => this.dispatch(event),
        onEnd: (status) => {
          if (isCurrent) this.close = null;
          else this.opening = null;
          this.ended(status);
        },
      },
      this.fetcher,
    );
    this.opening = close;
  }

  private opened(): void {
    this.attempt = 0;
    this.uncoveredSince = null;
    if (this.mayHaveMissed) this.emit("resync", {});
    this.mayHaveMissed = false;
  }

  private alive(): void {
    this.lastAlive = Date.now();
    this.set("live");
    if (this.timers.watch === undefined) this.watchSilence(DELAYED_AFTER_MS);
  }

  private watchSilence(after: number): void {
    this.timers.watch = setTimeout(() => {
      this.timers.watch = undefined;
      const silent = Date.now() - this.lastAlive;
      if (silent >= DEAD_AFTER_MS) {
        this.disconnect();
        this.ended(null);
        return;
      }
      if (silent >= DELAYED_AFTER_MS) this.set("delayed");
      const next = silent >= DELAYED_AFTER_MS ? DEAD_AFTER_MS : DELAYED_AFTER_MS;
      this.watchSilence(next - silent);
    }, after);
  }

  private ended(status: number | null): void {
    if (this.opening || this.close) return;
    clearTimeout(this.timers.watch);
    this.timers.watch = undefined;
    this.scope = null;
    this.mayHaveMissed = true;
    // One break is nothing to worry anybody with; a second one in a row is.
    this.set(this.attempt === 0 && status === null ? "delayed" : "offline");
    const usual = BACKOFF_MS[Math.min(this.attempt, BACKOFF_MS.length - 1)] as number;
    this.attempt++;
    clearTimeout(this.timers.retry);
    this.timers.retry = setTimeout(() => this.gather(), usual * (0.75 + Math.random() / 2));
  }

  /** Back on line or in sight: no need to sit out the wait. */
  private hurry = (): void => {
    if (globalThis.document?.visibilityState === "hidden") return;
    if (this.opening || this.close) return;
    clearTimeout(this.timers.retry);
    this.gather();
  };

  private disconnect(): void {
    for (const name of ["gather", "retry", "watch"] as const) {
      clearTimeout(this.timers[name]);
      this.timers[name] = undefined;
    }
    this.opening?.();
    this.close?.();
    this.opening = this.close = null;
    this.scope = null;
  }

  private dispatch({ name, data }: ServerEvent): void {
    if (name === "hello") return;
    let parsed: unknown;
    try {
      parsed = JSON.parse(data);
    } catch {
      return;
    }
    this.emit(name as LiveEventName, parsed as LiveEvents[LiveEventName]);
  }

  private emit<N extends LiveEventName>(name: N, event: LiveEvents[N]): void {
    for (const handler of [...(this.handlers.get(name) ?? [])]) handler(event);
  }
}

/** The narrowest request that covers all interests; null when there are none. */
export function scopeOf(interests: readonly LiveInterest[]): Scope | null {
  if (interests.length === 0) return null;
  const projects = new Set(
    interests.map(({ entity, project }) => (entity && project ? `${entity}/${project}` : null)),
  );
  const [project] = projects;
  if (projects.size !== 1 || project === null || project === undefined) {
    return { project: null, runs: null };
  }
  const runs = new Set<string>();
  for (const interest of interests) {
    if (!interest.runs) return { project, runs: null };
    for (const run of interest.runs) runs.add(run);
  }
  return { project, runs: runs.size > MOST_RUNS || runs.size === 0 ? null : [...runs].sort() };
}

/** Whether a stream that is open already brings what is wanted. */
function covers(open: Scope, wanted: Scope): boolean {
  if (open.project !== wanted.project) return false;
  if (open.runs === null) return true;
  const known = new Set(open.runs);
  return wanted.runs?.every((run) => known.has(run)) ?? false;
}

/** The stream of this tab. */
export const live = new LiveStream();

/** Asks for events of a project or of some runs while the component is mounted. */
export function useLiveInterest({ entity, project, runs }: LiveInterest): void {
  const named = runs?.join("\n");
  useEffect(
    () => live.watch({ entity, project, runs: named?.split("\n").filter((run) => run !== "") }),
    [entity, project, named],
  );
}

/** Calls the handler, always the newest one, for each event of that name. */
export function useLiveEvent<N extends LiveEventName>(name: N, handler: LiveHandler<N>): void {
  const latest = useRef(handler);
  latest.current = handler;
  useEffect(() => live.on(name, (event) => latest.current(event)), [name]);
}

const controls = { pause: () => live.pause(), resume: () => live.resume() };

/** State of the live connection, and its switch. */
export function useConnection(): Connection & typeof controls {
  const connection = useSyncExternalStore(live.subscribe, live.getConnection);
  return { ...connection, ...controls };
}
