import { describe, expect, it } from "vitest";
import { definitionOf, isHidden, resolveAxis } from "./axis";
import {
  compilePattern,
  historySections,
  isSystemGroup,
  matchesGlob,
  searchSections,
  systemSections,
} from "./sections";

const titles = (sections: ReturnType<typeof historySections>) =>
  sections.map((section) => [section.name, section.panels.map((panel) => panel.title)]);

describe("sections of logged keys", () => {
  it("go by the first part of the key, keys without one first, numbers in order", () => {
    const keys = ["val/loss", "train/layer10/w", "loss", "train/layer2/w", "/odd"];
    expect(titles(historySections(keys))).toEqual([
      ["", ["/odd", "loss"]],
      ["train", ["train/layer2/w", "train/layer10/w"]],
      ["val", ["val/loss"]],
    ]);
  });

  it("put devices of one system metric into one panel", () => {
    const sections = systemSections([
      "gpu.0.temp",
      "gpu.1.temp",
      "gpu.10.temp",
      "cpu",
      "cpu_percent",
    ]);
    expect(titles(sections)).toEqual([
      ["cpu", ["cpu", "cpu_percent"]],
      ["gpu", ["gpu.*.temp"]],
    ]);
    expect(sections[1]?.panels[0]?.keys).toEqual(["gpu.0.temp", "gpu.1.temp", "gpu.10.temp"]);
  });

  it("sort system metrics by what they measure, in a fixed order", () => {
    const keys = [
      "tpu",
      "proc.memory.rssMB",
      "proc.cpu.threads",
      "network.sent",
      "disk./.usagePercent",
      "disk.sda.in",
      "gpu.process.0.memory",
      "gpu.0.memory",
      "swap.used",
      "memory_percent",
      "load1",
      "cpu.0.cpu_percent",
      "cpu_percent",
      "cpu",
      "_odd",
      "constructor",
      "processor.speed",
    ];
    const odd = ["_odd", "constructor", "processor.speed", "tpu"];
    expect(titles(systemSections(keys))).toEqual([
      ["cpu", ["cpu", "cpu_percent", "cpu.0.cpu_percent", "load1"]],
      ["memory", ["memory_percent", "swap.used"]],
      ["gpu", ["gpu.0.memory", "gpu.process.0.memory"]],
      ["disk", ["disk./.usagePercent", "disk.sda.in"]],
      ["network", ["network.sent"]],
      ["process", ["proc.cpu.threads", "proc.memory.rssMB"]],
      ["other", odd],
    ]);
    expect(systemSections(keys).every((section) => isSystemGroup(section.name))).toBe(true);
  });

  it("put the machines of a run into one panel, whatever their labels look like", () => {
    const keys = ["gpu.0.temp/l:node.1", "gpu.0.temp/l:a/b", "gpu.1.temp", "cpu/l:node1"];
    const [cpu, gpu] = systemSections(keys);
    expect(cpu).toMatchObject({ name: "cpu", panels: [{ id: "cpu", title: "cpu/l:node1" }] });
    expect(gpu?.panels).toEqual([
      {
        id: "gpu.*.temp",
        title: "gpu.*.temp",
        keys: ["gpu.0.temp/l:a/b", "gpu.0.temp/l:node.1", "gpu.1.temp"],
      },
    ]);
  });

  it("keep the name of a metric with one device", () => {
    expect(titles(systemSections(["gpu.0.temp"]))).toEqual([["gpu", ["gpu.0.temp"]]]);
  });
});

describe("searching panels", () => {
  const sections = historySections(["train/loss", "train/acc", "val/loss", "a[b"]);

  it("is a regular expression and drops empty sections", () => {
    expect(titles(searchSections(sections, "^VAL|acc$"))).toEqual([
      ["train", ["train/acc"]],
      ["val", ["val/loss"]],
    ]);
  });

  it("looks for the text itself when it is no valid expression", () => {
    expect(compilePattern("a[b")).toBeNull();
    expect(titles(searchSections(sections, "a[b"))).toEqual([["", ["a[b"]]]);
  });
});

describe("the x axis of a panel", () => {
  const metrics = [
    { name: "val/*", step_metric: "epoch" },
    { name: "val/special", step_metric: "batch", hidden: true },
    { name: "clock", step_metric: "clock" },
  ];

  it("follows the program's definition, the exact name before patterns", () => {
    expect(resolveAxis("auto", "val/loss", metrics, "history")).toMatchObject({ xKey: "epoch" });
    expect(resolveAxis("auto", "val/special", metrics, "history")).toMatchObject({ xKey: "batch" });
    expect(resolveAxis("auto", "train/loss", metrics, "history")).toMatchObject({ id: "step" });
    expect(resolveAxis("auto", "clock", metrics, "history")).toMatchObject({ id: "step" });
  });

  it("is what the user chose", () => {
    expect(resolveAxis("relative", "val/loss", metrics, "history")).toMatchObject({
      x: "relative",
      kind: "relative",
      xKey: null,
    });
    expect(resolveAxis("key:a/b", "val/loss", metrics, "history")).toMatchObject({
      id: "key:a/b",
      xKey: "a/b",
    });
  });

  it("is the time since the start for system metrics", () => {
    expect(resolveAxis("auto", "cpu", [], "system").x).toBe("relative");
    expect(resolveAxis("key:epoch", "cpu", [], "system").x).toBe("relative");
  });

  it("knows hidden metrics and reads globs literally otherwise", () => {
    expect(isHidden("val/special", metrics)).toBe(true);
    expect(isHidden("val/loss", metrics)).toBe(false);
    expect(definitionOf("nothing", metrics)).toBeUndefined();
    expect(matchesGlob("a.b*", "a.bc")).toBe(true);
    expect(matchesGlob("a.b*", "axbc")).toBe(false);
  });
});
