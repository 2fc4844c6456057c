import { type Data, tableFromIPC, type Vector } from "apache-arrow";
import type { Buckets, SeriesTable } from "@/lib/buckets";

/** Columns of numbers in a series answer, and where they go. */
const NUMBERS = [
  ["x_first", "xFirst"],
  ["x_last", "xLast"],
  ["min", "min"],
  ["max", "max"],
  ["mean", "mean"],
  ["last", "last"],
  ["count", "count"],
  ["nonfinite", "nonfinite"],
] as const;

export interface Decoded {
  table: SeriesTable;
  /** The one buffer in which all arrays of the table lie. */
  buffer: ArrayBuffer;
}

/** Turns an Arrow stream of buckets into arrays by run and key. Nulls become NaN. */
export function decodeSeries(bytes: Uint8Array): Decoded {
  const arrow = tableFromIPC(bytes);
  const rows = arrow.numRows;
  const block = new Float64Array(rows * NUMBERS.length);
  const columns = NUMBERS.map(([name], n) => {
    const vector = arrow.getChild(name);
    if (!vector) throw new Error(`The series answer has no column \`${name}\`.`);
    const into = block.subarray(n * rows, (n + 1) * rows);
    copyNumbers(vector, into);
    return into;
  });
  const runs = arrow.getChild("run");
  const keys = arrow.getChild("key");
  if (!runs || !keys) throw new Error("The series answer does not say run and key.");

  const items: Buckets[] = [];
  const bounds = groupBounds(rows, [runs, keys]);
  for (let n = 0; n + 1 < bounds.length; n++) {
    const from = bounds[n] as number;
    const to = bounds[n + 1] as number;
    const item: Record<string, unknown> = {
      run: String(runs.get(from)),
      key: String(keys.get(from)),
    };
    NUMBERS.forEach(([, field], c) => {
      item[field] = (columns[c] as Float64Array).subarray(from, to);
    });
    items.push(item as unknown as Buckets);
  }
  const bound = (name: string) => {
    const text = arrow.schema.metadata.get(name);
    return text === undefined || text === "" ? null : Number(text);
  };
  return { table: { low: bound("low"), high: bound("high"), items }, buffer: block.buffer };
}

function copyNumbers(vector: Vector, into: Float64Array): void {
  let at = 0;
  for (const data of vector.data) {
    const values = data.values as ArrayLike<number | bigint>;
    for (let i = 0; i < data.length; i++) into[at + i] = Number(values[i]);
    if (data.nullCount > 0) {
      for (let i = 0; i < data.length; i++) if (!data.getValid(i)) into[at + i] = Number.NaN;
    }
    at += data.length;
  }
}

/** Row numbers at which a group begins, and the end. */
function groupBounds(rows: number, vectors: readonly Vector[]): number[] {
  if (rows === 0) return [];
  const begins = new Uint8Array(rows);
  begins[0] = 1;
  for (const vector of vectors) {
    let at = 0;
    let previous: unknown;
    for (const data of vector.data) {
      const read = reader(data, vector, at);
      for (let i = 0; i < data.length; i++) {
        // Indexes of two batches may mean different texts: compare texts where batches meet.
        const value = read(i);
        if (i === 0 && at > 0 && vector.get(at - 1) !== vector.get(at)) begins[at] = 1;
        if (i > 0 && value !== previous) begins[at + i] = 1;
        previous = value;
      }
      at += data.length;
    }
  }
  const bounds: number[] = [];
  for (let i = 0; i < rows; i++) if (begins[i]) bounds.push(i);
  bounds.push(rows);
  return bounds;
}

/** Dictionary columns compare by index, which spares decoding text for each row. */
function reader(data: Data, vector: Vector, at: number): (i: number) => unknown {
  if (!data.dictionary) return (i) => vector.get(at + i);
  const values = data.values as ArrayLike<number>;
  return (i) => values[i];
}
