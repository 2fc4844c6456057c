/** One answer of a batch: which query, and its Arrow stream. */
export interface Frame {
  index: number;
  bytes: ArrayBuffer;
}

const HEAD = 8;

/** Cuts a body of frames (u32 length, u32 query index, bytes; little-endian) as it arrives. */
export async function* readFrames(body: ReadableStream<Uint8Array>): AsyncGenerator<Frame> {
  const reader = body.getReader();
  let chunks: Uint8Array[] = [];
  let held = 0;
  const take = (length: number): ArrayBuffer => {
    const out = new Uint8Array(length);
    let at = 0;
    while (at < length) {
      const first = chunks[0] as Uint8Array;
      const part = first.subarray(0, length - at);
      out.set(part, at);
      at += part.length;
      if (part.length === first.length) chunks = chunks.slice(1);
      else chunks[0] = first.subarray(part.length);
    }
    held -= length;
    return out.buffer;
  };
  try {
    let head: { length: number; index: number } | null = null;
    while (true) {
      const { done, value } = await reader.read();
      if (value) {
        chunks.push(value);
        held += value.length;
      }
      while (true) {
        if (!head && held >= HEAD) {
          const view = new DataView(take(HEAD));
          head = { length: view.getUint32(0, true), index: view.getUint32(4, true) };
        }
        if (!head || held < head.length) break;
        yield { index: head.index, bytes: take(head.length) };
        head = null;
      }
      if (done) {
        if (head || held > 0) throw new Error("The connection ended in the middle of an answer.");
        return;
      }
    }
  } finally {
    reader.cancel().catch(() => {});
  }
}
