export interface Tensor {
  name: string;
  dtype: string;
  shape: number[];
  bytes: number;
}

export interface TensorHeader {
  tensors: Tensor[];
  metadata: Record<string, string>;
}

interface RawTensor {
  dtype?: unknown;
  shape?: unknown;
  data_offsets?: unknown;
}

/** What a safetensors file says at its beginning: eight bytes of length, then JSON. */
export function readTensorHeader(bytes: ArrayBuffer): TensorHeader {
  const view = new DataView(bytes);
  if (bytes.byteLength < 8) throw new Error("The file is too short for a header.");
  const length = Number(view.getBigUint64(0, true));
  if (length > bytes.byteLength - 8) throw new Error("The header is longer than what was read.");
  const text = new TextDecoder("utf-8", { fatal: true }).decode(new Uint8Array(bytes, 8, length));
  const raw = JSON.parse(text) as Record<string, RawTensor>;
  const { __metadata__: metadata = {}, ...rest } = raw;
  const tensors = Object.entries(rest).map(([name, { dtype, shape, data_offsets: offsets }]) => {
    const [from = 0, to = 0] = Array.isArray(offsets) ? (offsets as number[]) : [];
    return {
      name,
      dtype: String(dtype),
      shape: Array.isArray(shape) ? (shape as number[]) : [],
      bytes: to - from,
    };
  });
  return { tensors, metadata: metadata as Record<string, string> };
}
