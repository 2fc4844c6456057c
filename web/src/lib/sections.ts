/** One panel: the keys that it draws together. */
export interface PanelSpec {
  /** Stable name, used in the URL; the key itself where there is one. */
  id: string;
  title: string;
  keys: string[];
}

export interface Section {
  name: string;
  panels: PanelSpec[];
}

/** Section of keys without a prefix. */
export const UNSORTED = "";

const collator = new Intl.Collator("en", { numeric: true, sensitivity: "base" });

/** `train/loss` → `train`; `loss` → no section. */
export function sectionOf(key: string): string {
  const slash = key.indexOf("/");
  return slash > 0 ? key.slice(0, slash) : UNSORTED;
}

function intoSections(panels: Iterable<[section: string, panel: PanelSpec]>): Section[] {
  const byName = new Map<string, PanelSpec[]>();
  for (const [name, panel] of panels) {
    const list = byName.get(name);
    if (list) list.push(panel);
    else byName.set(name, [panel]);
  }
  return [...byName]
    .map(([name, list]) => ({
      name,
      panels: list.sort((a, b) => collator.compare(a.title, b.title)),
    }))
    .sort((a, b) =>
      a.name === UNSORTED ? -1 : b.name === UNSORTED ? 1 : collator.compare(a.name, b.name),
    );
}

/** Logged keys as one panel each, in sections by their prefix. */
export function historySections(keys: readonly string[]): Section[] {
  return intoSections(
    keys.map((key): [string, PanelSpec] => [sectionOf(key), { id: key, title: key, keys: [key] }]),
  );
}

/**
 * System metrics: keys that differ only in a device number share a panel (`gpu.0.memory` and
 * `gpu.1.memory` → `gpu.*.memory`); sections by the first word.
 */
export function systemSections(keys: readonly string[]): Section[] {
  const panels = new Map<string, PanelSpec>();
  for (const key of [...keys].sort(collator.compare)) {
    const id = key.replace(/(^|[./])\d+(?=[./]|$)/g, "$1*");
    const panel = panels.get(id);
    if (panel) panel.keys.push(key);
    else panels.set(id, { id, title: id, keys: [key] });
  }
  const named = [...panels.values()].map((panel) => {
    const title = panel.keys.length === 1 ? (panel.keys[0] ?? panel.id) : panel.id;
    const section = panel.id.split(/[./_]/)[0] ?? UNSORTED;
    return [section, { ...panel, title }] as [string, PanelSpec];
  });
  return intoSections(named);
}

/** A regular expression, or null when it is no valid one. */
export function compilePattern(pattern: string): RegExp | null {
  try {
    return new RegExp(pattern, "i");
  } catch {
    return null;
  }
}

/** Keeps the panels with a matching key; sections without any go. */
export function searchSections(sections: readonly Section[], pattern: string): Section[] {
  if (pattern === "") return [...sections];
  const regex = compilePattern(pattern);
  const found = (key: string) =>
    regex ? regex.test(key) : key.toLowerCase().includes(pattern.toLowerCase());
  return sections
    .map((section) => ({
      ...section,
      panels: section.panels.filter((panel) => panel.keys.some(found)),
    }))
    .filter((section) => section.panels.length > 0);
}

/** Does a metric definition's name, in which `*` stands for anything, mean this key? */
export function matchesGlob(glob: string, key: string): boolean {
  if (!glob.includes("*")) return glob === key;
  const pattern = glob
    .split("*")
    .map((part) => part.replace(/[.+?^${}()|[\]\\]/g, "\\$&"))
    .join(".*");
  return new RegExp(`^${pattern}$`).test(key);
}
