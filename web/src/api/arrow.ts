import type { SeriesTable } from "@/lib/buckets";
import type { DecodeAnswer, DecodeRequest } from "./arrow.worker";

interface Waiting {
  resolve: (table: SeriesTable) => void;
  reject: (error: Error) => void;
}

/** The part of a `Worker` that decoding needs. */
export interface DecodeWorker {
  postMessage(request: DecodeRequest, transfer: Transferable[]): void;
  onmessage: ((event: MessageEvent<DecodeAnswer>) => void) | null;
  onerror: ((event: ErrorEvent) => void) | null;
  terminate(): void;
}

/** Decodes Arrow in a worker of its own, started with the first use. */
export class ArrowDecoder {
  private worker: DecodeWorker | null = null;
  private readonly waiting = new Map<number, Waiting>();
  private next = 0;

  constructor(private readonly start: () => DecodeWorker) {}

  /** Takes the buffer: it is empty afterwards. */
  decode(bytes: ArrayBuffer): Promise<SeriesTable> {
    const worker = this.started();
    const id = this.next++;
    return new Promise((resolve, reject) => {
      this.waiting.set(id, { resolve, reject });
      worker.postMessage({ id, bytes }, [bytes]);
    });
  }

  private started(): DecodeWorker {
    if (this.worker) return this.worker;
    const worker = this.start();
    worker.onmessage = ({ data }) => this.answered(data);
    worker.onerror = (event) => this.broke(event.message || "The decoder could not be started.");
    this.worker = worker;
    return worker;
  }

  private answered(answer: DecodeAnswer): void {
    const waiting = this.waiting.get(answer.id);
    this.waiting.delete(answer.id);
    if (!waiting) return;
    if ("error" in answer) waiting.reject(new Error(`The answer cannot be read: ${answer.error}`));
    else waiting.resolve(answer.table);
  }

  /** Everything in the worker is lost; the next call starts a new one. */
  private broke(message: string): void {
    this.worker?.terminate();
    this.worker = null;
    const lost = [...this.waiting.values()];
    this.waiting.clear();
    for (const each of lost) each.reject(new Error(message));
  }
}

export const arrowDecoder = new ArrowDecoder(
  () => new Worker(new URL("./arrow.worker.ts", import.meta.url), { type: "module" }),
);
