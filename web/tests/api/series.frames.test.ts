import { expect, test } from "vitest";
import { type Frame, readFrames } from "@/api/series.frames";

function body(...chunks: number[][]): ReadableStream<Uint8Array> {
  return new ReadableStream({
    start(controller) {
      for (const chunk of chunks) controller.enqueue(Uint8Array.from(chunk));
      controller.close();
    },
  });
}

async function all(stream: ReadableStream<Uint8Array>): Promise<[number, number[]][]> {
  const frames: Frame[] = [];
  for await (const frame of readFrames(stream)) frames.push(frame);
  return frames.map(({ index, bytes }) => [index, [...new Uint8Array(bytes)]]);
}

const two = [3, 0, 0, 0, 1, 0, 0, 0, 7, 8, 9, 0, 0, 0, 0, 0, 1, 0, 0];

test("frames come out whole however the body is cut", async () => {
  const expected = [
    [1, [7, 8, 9]],
    [256, []],
  ];
  expect(await all(body(two))).toEqual(expected);
  expect(await all(body(...two.map((byte) => [byte])))).toEqual(expected);
  expect(await all(body(two.slice(0, 5), two.slice(5, 10), two.slice(10)))).toEqual(expected);
  expect(await all(body())).toEqual([]);
});

test("a body that ends in the middle of a frame is an error", async () => {
  await expect(all(body(two.slice(0, 10)))).rejects.toThrow("in the middle of an answer");
  await expect(all(body(two.slice(0, 3)))).rejects.toThrow("in the middle of an answer");
});
