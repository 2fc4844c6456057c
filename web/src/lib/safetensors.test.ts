import { expect, it } from "vitest";
import { readTensorHeader } from "./safetensors";

function fileOf(header: unknown, length?: number): ArrayBuffer {
  const text = new TextEncoder().encode(JSON.stringify(header));
  const bytes = new Uint8Array(8 + text.length);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(length ?? text.length), true);
  bytes.set(text, 8);
  return bytes.buffer;
}

it("reads names, types, shapes and sizes of tensors", () => {
  const header = readTensorHeader(
    fileOf({
      __metadata__: { format: "pt" },
      "layer.weight": { dtype: "F16", shape: [2, 3], data_offsets: [0, 12] },
    }),
  );
  expect(header).toEqual({
    metadata: { format: "pt" },
    tensors: [{ name: "layer.weight", dtype: "F16", shape: [2, 3], bytes: 12 }],
  });
});

it("refuses a header that is longer than the file", () => {
  expect(() => readTensorHeader(fileOf({}, 1_000_000))).toThrow("longer");
});
