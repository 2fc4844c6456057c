import { describe, expect, it } from "vitest";
import { flatten } from "@/lib/flatten";
import { en } from "./en";
import { ja } from "./ja";

const placeholders = (text: unknown) =>
  [...String(text).matchAll(/\{\{[^}]+\}\}/g)].map(String).sort();

describe("catalogues", () => {
  const english = new Map(flatten(en));
  const japanese = new Map(flatten(ja));

  it("fill in the same words", () => {
    for (const [key, text] of japanese) {
      expect([key, placeholders(text)]).toEqual([key, placeholders(english.get(key))]);
    }
  });

  it("say everything in Japanese", () => {
    const same = [...japanese].filter(([key, text]) => text === english.get(key));
    const proper = [
      "Python",
      "Git",
      "CPU",
      "GPU",
      'config.lr > 0.01 and state = "running"',
      'metadata.loss < 0.1 or aliases contains "best"',
      'inputs.model = "gpt" and latency > 2',
      "Op",
    ];
    expect(same.filter(([, text]) => !proper.includes(String(text)))).toEqual([]);
  });

  it("have a plural for every singular", () => {
    const singular = [...english.keys()].filter((key) => key.endsWith("_one"));
    expect(singular.filter((key) => !english.has(key.replace("_one", "_other")))).toEqual([]);
  });
});
