import { describe, expect, it } from "vitest";
import { signsOf } from "./health";

const at = (second: number) => new Date(1_000_000_000_000 + second * 1000);
const run = (state: string) => ({
  state,
  heartbeat_at: at(0).toISOString(),
  started_at: at(0).toISOString(),
});
const numbers = (
  key: string,
  part: { nonfinite?: number; mean?: number; count?: number } = {},
) => ({
  key,
  nonfinite: 0,
  mean: 1,
  count: 100,
  ...part,
});

describe("the signs of a run", () => {
  it("are none where all is well", () => {
    const system = [numbers("gpu.0.gpu", { mean: 92 }), numbers("cpu", { mean: 1 })];
    expect(signsOf(run("running"), [numbers("loss")], system, at(30).getTime())).toEqual([]);
    expect(signsOf(run("finished"), [], [], at(9000).getTime())).toEqual([]);
  });

  it("name a silent program, what is no number, and devices that wait", () => {
    const found = signsOf(
      run("running"),
      [numbers("loss", { nonfinite: 3 }), numbers("acc"), numbers("_x", { nonfinite: 1 })],
      [
        numbers("gpu.0.gpu", { mean: 3 }),
        numbers("gpu.1.gpu/l:node2", { mean: 14 }),
        numbers("gpu.2.gpu", { mean: 2, count: 2 }),
        numbers("gpu.0.temp", { mean: 5 }),
      ],
      at(90).getTime(),
    );
    expect(found).toEqual([
      { kind: "silent", seconds: 90 },
      { kind: "nonfinite", keys: ["loss"], count: 3 },
      {
        kind: "idle",
        devices: [
          { device: "0", mean: 3 },
          { device: "node2 1", mean: 14 },
        ],
      },
    ]);
  });
});
