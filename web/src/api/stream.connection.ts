/** One event of a server-sent stream. */
export interface ServerEvent {
  name: string;
  data: string;
}

/** Cuts the text of a server-sent stream into events as it arrives. */
export class EventParser {
  private rest = "";
  private name = "";
  private data: string[] = [];

  constructor(private readonly emit: (event: ServerEvent) => void) {}

  push(text: string): void {
    this.rest += text;
    const lines = this.rest.split(/\r\n|\n|\r/);
    this.rest = lines.pop() ?? "";
    for (const line of lines) this.line(line);
  }

  private line(line: string): void {
    if (line === "") {
      if (this.data.length > 0)
        this.emit({ name: this.name || "message", data: this.data.join("\n") });
      this.name = "";
      this.data = [];
      return;
    }
    const colon = line.indexOf(":");
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (field === "event") this.name = value;
    else if (field === "data") this.data.push(value);
  }
}

export interface ConnectionHandlers {
  onEvent: (event: ServerEvent) => void;
  /** Bytes arrived, comments included. */
  onAlive: () => void;
  /** The connection is gone, with the HTTP status where there was one. */
  onEnd: (status: number | null) => void;
}

/**
 * One connection to the stream of events.
 *
 * It reads the body itself, where `EventSource` would hide the server's comments: they are what
 * tells a quiet stream from a dead one.
 */
export function connect(
  url: string,
  handlers: ConnectionHandlers,
  fetcher: typeof fetch = fetch,
): () => void {
  const abort = new AbortController();
  const run = async (): Promise<number | null> => {
    const response = await fetcher(url, {
      headers: { Accept: "text/event-stream" },
      credentials: "same-origin",
      cache: "no-store",
      signal: abort.signal,
    });
    if (!response.ok || !response.body) return response.status;
    const parser = new EventParser(handlers.onEvent);
    const decoder = new TextDecoder();
    const reader = response.body.getReader();
    while (true) {
      const { done, value } = await reader.read();
      if (done || abort.signal.aborted) return null;
      handlers.onAlive();
      parser.push(decoder.decode(value, { stream: true }));
    }
  };
  run()
    .catch(() => null)
    .then((status) => {
      if (!abort.signal.aborted) handlers.onEnd(status);
    });
  return () => abort.abort();
}
