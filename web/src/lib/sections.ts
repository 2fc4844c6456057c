/** One panel: the keys that it draws together. */
export interface PanelSpec {
  /** Stable name, used in the URL; the key itself where there is one. */
  id: string;
  title: string;
  keys: string[];
}

export interface Section {
  /** Stable name, used in the URL; what people read of system sections is in the catalogue. */
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

/** Sections of system metrics, in their order on the page. */
export const systemGroups = [
  "cpu",
  "memory",
  "gpu",
  "disk",
  "network",
  "process",
  "other",
] as const;
export type SystemGroup = (typeof systemGroups)[number];

const groupOfWord: Readonly<Record<string, SystemGroup>> = {
  cpu: "cpu",
  load: "cpu",
  memory: "memory",
  swap: "memory",
  gpu: "gpu",
  disk: "disk",
  network: "network",
  proc: "process",
};

export function isSystemGroup(name: string): name is SystemGroup {
  return (systemGroups as readonly string[]).includes(name);
}

/** `cpu_percent`, `cpu.0.cpu_percent` and `load1` → `cpu`: the letters at the front decide. */
export function systemGroupOf(key: string): SystemGroup {
  const word = /^[a-z]+/i.exec(key)?.[0].toLowerCase() ?? "";
  return Object.hasOwn(groupOfWord, word) ? (groupOfWord[word] as SystemGroup) : "other";
}

/** Name of the panel: without the device's number and without the machine's label. */
function systemPanel(key: string): string {
  return key.replace(/\/l:.*$/, "").replace(/(^|[./])\d+(?=[./]|$)/g, "$1*");
}

/**
 * System metrics: keys that differ only in a device number or in the label of the machine share
 * a panel (`gpu.0.temp`, `gpu.1.temp` and `gpu.0.temp/l:node1` → `gpu.*.temp`).
 */
export function systemSections(keys: readonly string[]): Section[] {
  const panels = new Map<string, PanelSpec>();
  for (const key of [...keys].sort(collator.compare)) {
    const id = systemPanel(key);
    const panel = panels.get(id);
    if (panel) panel.keys.push(key);
    else panels.set(id, { id, title: id, keys: [key] });
  }
  const named = [...panels.values()].map((panel): [string, PanelSpec] => {
    const title = panel.keys.length === 1 ? (panel.keys[0] ?? panel.id) : panel.id;
    return [systemGroupOf(panel.id), { ...panel, title }];
  });
  const order = (section: Section) => systemGroups.indexOf(section.name as SystemGroup);
  return intoSections(named).sort((a, b) => order(a) - order(b));
}

/** A regular expression, or null when it is no valid one. */
export function compilePattern(pattern: string): RegExp | null {
  try {
    return new RegExp(pattern, "i");
  } catch {
    return null;
  }
}

/** Keeps the panels with a matching key or title; sections without any go. */
export function searchSections<
  P extends Pick<PanelSpec, "keys" | "title">,
  S extends { panels: P[] },
>(sections: readonly (S & { panels: P[] })[], pattern: string): S[] {
  if (pattern === "") return [...sections];
  const regex = compilePattern(pattern);
  const found = (text: string) =>
    regex ? regex.test(text) : text.toLowerCase().includes(pattern.toLowerCase());
  return sections
    .map((section) => ({
      ...section,
      panels: section.panels.filter((panel) => panel.keys.some(found) || found(panel.title)),
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
