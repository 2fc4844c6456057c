import type { Arrow } from "@/lib/graph";

type Point = readonly [x: number, y: number];

export interface LayoutRequest {
  id: number;
  nodes: readonly string[];
  edges: readonly Arrow[];
  /** Of every node. */
  width: number;
  height: number;
}

export interface LayoutAnswer {
  id: number;
  /** Left upper corners, in the order of the nodes. */
  places: readonly Point[];
  /** Where edges go between their ends, in the order of the edges. */
  bends: readonly (readonly Point[])[];
}

/** Where everything is. */
export interface Layout {
  places: ReadonlyMap<string, Point>;
  bends: readonly (readonly Point[])[];
  width: number;
  height: number;
}

let next = 1;

/** Places nodes from left to right, in a worker of its own that ends with it. */
export function layOut(
  nodes: readonly string[],
  edges: readonly Arrow[],
  size: { width: number; height: number },
  signal: AbortSignal,
): Promise<Layout> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL("./layout.worker.ts", import.meta.url), { type: "module" });
    const end = () => {
      worker.terminate();
      signal.removeEventListener("abort", abort);
    };
    const abort = () => {
      end();
      reject(signal.reason);
    };
    signal.addEventListener("abort", abort);
    worker.onmessage = ({ data }: MessageEvent<LayoutAnswer>) => {
      end();
      const places = new Map(
        nodes.map((id, at): [string, Point] => [id, data.places[at] ?? [0, 0]]),
      );
      const right = Math.max(0, ...data.places.map(([x]) => x + size.width));
      const bottom = Math.max(0, ...data.places.map(([, y]) => y + size.height));
      resolve({ places, bends: data.bends, width: right, height: bottom });
    };
    worker.onerror = (event) => {
      end();
      reject(new Error(event.message || "The graph could not be laid out."));
    };
    const request: LayoutRequest = { id: next++, nodes, edges, ...size };
    worker.postMessage(request);
  });
}
