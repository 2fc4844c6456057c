import { describe, expect, it } from "vitest";
import { readHistogram } from "./histogram";

describe("logged histograms", () => {
  it("are read with edges, and with a first edge and a step", () => {
    const plain = { _type: "histogram", values: [1, 2], bins: [0, 1, 3] };
    expect(readHistogram(plain)).toEqual({ edges: [0, 1, 3], counts: [1, 2] });
    const packed = {
      _type: "histogram",
      values: [4, 5],
      packedBins: { min: -1, size: 0.5, count: 2 },
    };
    expect(readHistogram(packed)).toEqual({ edges: [-1, -0.5, 0], counts: [4, 5] });
  });

  it("are nothing when they are damaged", () => {
    for (const value of [
      null,
      3,
      { _type: "image-file" },
      { _type: "histogram", values: [1, "2"], bins: [0, 1, 2] },
      { _type: "histogram", values: [1, 2], bins: [0, 1] },
      { _type: "histogram", values: [] },
    ]) {
      expect(readHistogram(value)).toBeNull();
    }
  });
});
