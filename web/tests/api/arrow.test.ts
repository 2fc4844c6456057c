import {
  Dictionary,
  Float64,
  Int32,
  makeData,
  makeVector,
  RecordBatch,
  Schema,
  Struct,
  Table,
  tableToIPC,
  Uint64,
  Utf8,
  type Vector,
  vectorFromArray,
} from "apache-arrow";
import { expect, test, vi } from "vitest";
import { ArrowDecoder, type DecodeWorker } from "@/api/arrow";
import { decodeSeries } from "@/api/arrow.decode";
import type { SeriesTable } from "@/lib/buckets";

const NUMBERS = ["x_first", "x_last", "min", "max", "mean", "last"];

interface Row {
  run: string;
  key: string;
  value: number | null;
}

/** A table as the server writes it: dictionaries for texts, u64 counts, nulls for no mean. */
function answer(rows: Row[], metadata: [string, string][] = []): Uint8Array {
  const text = (values: string[]) =>
    vectorFromArray(values, new Dictionary(new Utf8(), new Int32())) as unknown as Vector;
  const columns: Record<string, Vector> = {
    run: text(rows.map((row) => row.run)),
    key: text(rows.map((row) => row.key)),
  };
  for (const name of NUMBERS) {
    const nullable = name === "min" || name === "max" || name === "mean";
    columns[name] = vectorFromArray(
      rows.map((row, i) =>
        nullable ? row.value : name.startsWith("x") ? i : (row.value ?? Number.NaN),
      ),
      new Float64(),
    );
  }
  const counts = BigUint64Array.from(rows, (_, i) => BigInt(i + 1));
  columns.count = makeVector(makeData({ type: new Uint64(), data: counts }));
  columns.nonfinite = makeVector(makeData({ type: new Uint64(), data: counts.map(() => 0n) }));
  const table = new Table(columns);
  return tableToIPC(
    new Table(new Schema(table.schema.fields, new Map(metadata)), table.batches),
    "stream",
  );
}

test("buckets come apart by run and key, nulls are NaN, counts are numbers", () => {
  const rows = [
    { run: "a", key: "loss", value: 1 },
    { run: "a", key: "loss", value: null },
    { run: "a", key: "acc", value: 3 },
    { run: "b", key: "acc", value: 4 },
  ];
  const { table, buffer } = decodeSeries(
    answer(rows, [
      ["low", "0"],
      ["high", "3.5"],
    ]),
  );
  expect([table.low, table.high]).toEqual([0, 3.5]);
  expect(table.items.map(({ run, key, mean }) => [run, key, [...mean]])).toEqual([
    ["a", "loss", [1, Number.NaN]],
    ["a", "acc", [3]],
    ["b", "acc", [4]],
  ]);
  expect([...(table.items[0]?.count ?? [])]).toEqual([1, 2]);
  expect([...(table.items[2]?.xLast ?? [])]).toEqual([3]);
  // One buffer carries everything, so that one transfer moves it out of the worker.
  for (const item of table.items) expect(item.last.buffer).toBe(buffer);
});

test("an answer without points is an empty table without range", () => {
  expect(decodeSeries(answer([])).table).toEqual({ low: null, high: null, items: [] });
});

test("a series that goes on in the next batch stays one", () => {
  const first = new Table({
    run: vectorFromArray(["a", "b"]),
    key: vectorFromArray(["k", "k"]),
    ...numbers([1, 2]),
  });
  const second = new Table({
    run: vectorFromArray(["b", "c"]),
    key: vectorFromArray(["k", "k"]),
    ...numbers([3, 4]),
  });
  const both = new Table(first.schema, [
    first.batches[0],
    rebatched(first.schema, second),
  ] as RecordBatch[]);
  const { items } = decodeSeries(tableToIPC(both, "stream")).table;
  expect(items.map(({ run, mean }) => [run, [...mean]])).toEqual([
    ["a", [1]],
    ["b", [2, 3]],
    ["c", [4]],
  ]);
});

function numbers(values: number[]): Record<string, Vector> {
  return Object.fromEntries(
    [...NUMBERS, "count", "nonfinite"].map((name) => [
      name,
      vectorFromArray(values, new Float64()),
    ]),
  );
}

function rebatched(schema: Schema, table: Table): RecordBatch {
  const { data } = table.batches[0] as RecordBatch;
  const children = data.children;
  return new RecordBatch(
    schema,
    makeData({ type: new Struct(schema.fields), length: data.length, nullCount: 0, children }),
  );
}

test("what is no series says so", () => {
  const other = tableToIPC(new Table({ run: vectorFromArray(["a"]) }), "stream");
  expect(() => decodeSeries(other)).toThrow("no column `x_first`");
});

class FakeWorker implements DecodeWorker {
  onmessage: DecodeWorker["onmessage"] = null;
  onerror: DecodeWorker["onerror"] = null;
  readonly asked: { id: number; bytes: ArrayBuffer }[] = [];
  terminate = vi.fn();
  postMessage(request: { id: number; bytes: ArrayBuffer }) {
    this.asked.push(request);
  }
  answer(data: { id: number; table: SeriesTable } | { id: number; error: string }) {
    this.onmessage?.({ data } as MessageEvent);
  }
}

test("answers find their question, in any order; errors name what is wrong", async () => {
  const worker = new FakeWorker();
  const decoder = new ArrowDecoder(() => worker);
  const empty = { low: null, high: null, items: [] };
  const first = decoder.decode(new ArrayBuffer(1));
  const second = decoder.decode(new ArrayBuffer(2));
  worker.answer({ id: 1, error: "broken" });
  worker.answer({ id: 0, table: empty });
  await expect(first).resolves.toBe(empty);
  await expect(second).rejects.toThrow("cannot be read: broken");
});

test("a worker that breaks fails what it held, and the next question starts a new one", async () => {
  const workers: FakeWorker[] = [];
  const decoder = new ArrowDecoder(() => {
    const worker = new FakeWorker();
    workers.push(worker);
    return worker;
  });
  const lost = decoder.decode(new ArrayBuffer(1));
  workers[0]?.onerror?.({ message: "out of memory" } as ErrorEvent);
  await expect(lost).rejects.toThrow("out of memory");
  expect(workers[0]?.terminate).toHaveBeenCalled();
  const next = decoder.decode(new ArrayBuffer(1));
  workers[1]?.answer({ id: 1, table: { low: 0, high: 1, items: [] } });
  await expect(next).resolves.toEqual({ low: 0, high: 1, items: [] });
});
