import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { describe, expect, it } from "vitest";

const source = resolve(__dirname, "../src");

/** What each folder may import besides itself: app → features → (api | charts) → ui → lib. */
const allowed: Record<string, string[]> = {
  app: ["features", "api", "charts", "ui", "lib"],
  features: ["api", "charts", "ui", "lib"],
  api: ["ui", "lib"],
  charts: ["ui", "lib"],
  ui: ["lib"],
  lib: [],
};

function wrongImport(file: string, specifier: string): string | null {
  const from = file.split("/")[0] ?? "";
  if (specifier.startsWith(".")) {
    const target = join(dirname(file), specifier).split("/")[0];
    return target === from ? null : `${file}: import ${specifier} across folders with @/`;
  }
  if (!specifier.startsWith("@/")) return null;
  const to = specifier.slice(2).split("/")[0] ?? "";
  if (to === from || allowed[from]?.includes(to)) return null;
  return `${file}: ${from} may not import ${to} (${specifier})`;
}

describe("import direction", () => {
  it("points one way in every file", () => {
    const wrong = readdirSync(source, { recursive: true, encoding: "utf8" })
      .filter((path) => /\.tsx?$/.test(path))
      .flatMap((path) => {
        const text = readFileSync(join(source, path), "utf8");
        const specifiers = [...text.matchAll(/(?:from|import)\s*\(?\s*"([^"]+)"/g)];
        const file = relative(source, join(source, path));
        return specifiers.map((match) => wrongImport(file, match[1] ?? ""));
      })
      .filter((problem) => problem !== null);
    expect(wrong).toEqual([]);
  });

  it("names an import that points upwards", () => {
    expect(wrongImport("ui/button.tsx", "@/features/runs/table")).toContain("ui may not import");
    expect(wrongImport("charts/line/core.ts", "@/api/series")).toContain("charts may not import");
    expect(wrongImport("charts/line.ts", "../api/series")).toContain("across folders");
    expect(wrongImport("features/runs/table.tsx", "@/ui/button")).toBeNull();
  });
});
