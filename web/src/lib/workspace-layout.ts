import type { LineSettings } from "./line-settings";
import { readLineSettings } from "./line-settings";
import type { PanelSpec, Section } from "./sections";
import { sectionOf } from "./sections";

export const panelKinds = [
  "line",
  "scatter",
  "parallel",
  "importance",
  "bar",
  "histogram",
  "scalar",
  "comparer",
  "media",
  "markdown",
  "custom",
] as const;
export type PanelKind = (typeof panelKinds)[number];

/** What a panel other than a line chart needs to know; each kind reads what it knows. */
export type PanelOptions = Readonly<Record<string, unknown>>;

export interface PanelLook {
  title?: string;
  keys?: readonly string[];
  settings?: LineSettings;
  options?: PanelOptions;
  /** Columns of the grid; 0 for all of them. */
  columns?: number;
  /** In CSS pixels. */
  height?: number;
  section?: string;
}

/** A panel that somebody added. */
export interface AddedPanel extends PanelLook {
  id: string;
  kind: PanelKind;
  section: string;
}

export interface SectionLook {
  name: string;
  title?: string;
  settings?: LineSettings;
  /** Made by somebody, so it stays without panels. */
  added?: boolean;
}

/** What somebody made of the automatic panels: changes to them, and additions. */
export interface WorkspaceLayout {
  settings: LineSettings;
  /** Sections in their order; those that are not named follow in theirs. */
  sections: readonly SectionLook[];
  added: readonly AddedPanel[];
  /** Changes of automatic panels, by id. */
  changed: Readonly<Record<string, PanelLook>>;
  removed: readonly string[];
  /** Panels of a section in their order; those that are not named follow. */
  order: Readonly<Record<string, readonly string[]>>;
}

export const emptyLayout: WorkspaceLayout = {
  settings: {},
  sections: [],
  added: [],
  changed: {},
  removed: [],
  order: {},
};

/** A panel in its place. */
export interface ArrangedPanel extends PanelSpec {
  kind: PanelKind;
  section: string;
  settings: LineSettings;
  options: PanelOptions;
  columns: number;
  height: number | null;
  /** Made by somebody, rather than by a logged key. */
  added: boolean;
}

export interface ArrangedSection {
  name: string;
  title: string | null;
  settings: LineSettings;
  added: boolean;
  panels: ArrangedPanel[];
}

/** The automatic sections as somebody arranged them. */
export function arrange(automatic: readonly Section[], layout: WorkspaceLayout): ArrangedSection[] {
  const removed = new Set(layout.removed);
  const panels: ArrangedPanel[] = [];
  for (const section of automatic) {
    for (const panel of section.panels) {
      if (removed.has(panel.id)) continue;
      const look = layout.changed[panel.id] ?? {};
      panels.push({
        ...panel,
        title: look.title ?? panel.title,
        keys: look.keys ? [...look.keys] : panel.keys,
        kind: "line",
        section: look.section ?? section.name,
        settings: look.settings ?? {},
        options: look.options ?? {},
        columns: look.columns ?? 1,
        height: look.height ?? null,
        added: false,
      });
    }
  }
  for (const panel of layout.added) {
    panels.push({
      id: panel.id,
      title: panel.title ?? panel.keys?.join(", ") ?? "",
      keys: [...(panel.keys ?? [])],
      kind: panel.kind,
      section: panel.section,
      settings: panel.settings ?? {},
      options: panel.options ?? {},
      columns: panel.columns ?? 1,
      height: panel.height ?? null,
      added: true,
    });
  }
  const names = [
    ...layout.sections.map((section) => section.name),
    ...automatic.map((section) => section.name),
    ...panels.map((panel) => panel.section),
  ];
  return [...new Set(names)].flatMap((name): ArrangedSection[] => {
    const look = layout.sections.find((section) => section.name === name);
    const inside = ordered(
      panels.filter((panel) => panel.section === name),
      layout.order[name] ?? [],
    );
    if (inside.length === 0 && !look?.added) return [];
    return [
      {
        name,
        title: look?.title ?? null,
        settings: look?.settings ?? {},
        added: look?.added ?? false,
        panels: inside,
      },
    ];
  });
}

function ordered(panels: readonly ArrangedPanel[], order: readonly string[]): ArrangedPanel[] {
  const place = new Map(order.map((id, index) => [id, index]));
  const rank = (panel: ArrangedPanel) => place.get(panel.id) ?? Number.POSITIVE_INFINITY;
  return panels
    .map((panel, index) => ({ panel, index }))
    .sort((a, b) => {
      const [left, right] = [rank(a.panel), rank(b.panel)];
      return left === right ? a.index - b.index : left - right;
    })
    .map(({ panel }) => panel);
}

let made = 0;
/** An id that no logged key has. */
export function newId(): string {
  made += 1;
  return `panel:${Date.now().toString(36)}${made.toString(36)}`;
}

const isAdded = (layout: WorkspaceLayout, id: string) =>
  layout.added.some((panel) => panel.id === id);

/** Changes how one panel looks; undefined takes a change back. */
export function changePanel(
  layout: WorkspaceLayout,
  id: string,
  look: Partial<PanelLook>,
): WorkspaceLayout {
  if (isAdded(layout, id)) {
    return {
      ...layout,
      added: layout.added.map((panel) => (panel.id === id ? { ...panel, ...look } : panel)),
    };
  }
  const next = Object.fromEntries(
    Object.entries({ ...layout.changed[id], ...look }).filter(([, value]) => value !== undefined),
  );
  const { [id]: _, ...others } = layout.changed;
  return {
    ...layout,
    changed: Object.keys(next).length > 0 ? { ...others, [id]: next } : others,
  };
}

export function addPanel(layout: WorkspaceLayout, panel: AddedPanel): WorkspaceLayout {
  return { ...layout, added: [...layout.added, panel] };
}

export function removePanel(layout: WorkspaceLayout, id: string): WorkspaceLayout {
  if (isAdded(layout, id)) {
    return { ...layout, added: layout.added.filter((panel) => panel.id !== id) };
  }
  return { ...layout, removed: [...layout.removed, id] };
}

/** A copy behind the panel itself. */
export function duplicatePanel(
  layout: WorkspaceLayout,
  panel: ArrangedPanel,
  inOrder: readonly string[],
): WorkspaceLayout {
  const id = newId();
  const { title, keys, kind, section, settings, options, columns, height } = panel;
  const copy: AddedPanel = { id, title, keys, kind, section, settings, options, columns };
  const order = inOrder.flatMap((other) => (other === panel.id ? [other, id] : [other]));
  return {
    ...addPanel(layout, height === null ? copy : { ...copy, height }),
    order: { ...layout.order, [section]: order },
  };
}

/** Puts a panel before another one, or at the end of a section. */
export function movePanel(
  layout: WorkspaceLayout,
  sections: readonly ArrangedSection[],
  id: string,
  to: { section: string; before: string | null },
): WorkspaceLayout {
  if (id === to.before) return layout;
  const inside = sections.find((section) => section.name === to.section)?.panels ?? [];
  const rest = inside.map((panel) => panel.id).filter((other) => other !== id);
  const at = to.before === null ? rest.length : rest.indexOf(to.before);
  rest.splice(at < 0 ? rest.length : at, 0, id);
  const moved = changePanel(layout, id, { section: to.section });
  return { ...moved, order: { ...moved.order, [to.section]: rest } };
}

export function changeSection(
  layout: WorkspaceLayout,
  name: string,
  look: Partial<SectionLook>,
): WorkspaceLayout {
  const known = layout.sections.some((section) => section.name === name);
  // Naming one section alone must not put it before all others.
  const sections = known
    ? layout.sections.map((section) => (section.name === name ? { ...section, ...look } : section))
    : [...layout.sections, { name, ...look }];
  return { ...layout, sections };
}

/** All sections by name in an order, so that a change of one does not move it. */
export function nameSections(
  layout: WorkspaceLayout,
  sections: readonly ArrangedSection[],
): WorkspaceLayout {
  const known = new Map(layout.sections.map((section) => [section.name, section]));
  const shown = sections.map(({ name }) => known.get(name) ?? { name });
  const hidden = layout.sections.filter(
    (section) => !sections.some((other) => other.name === section.name),
  );
  return { ...layout, sections: [...shown, ...hidden] };
}

export function moveSection(
  layout: WorkspaceLayout,
  sections: readonly ArrangedSection[],
  name: string,
  by: -1 | 1,
): WorkspaceLayout {
  const named = nameSections(layout, sections);
  const list = [...named.sections];
  const from = list.findIndex((section) => section.name === name);
  const [moved] = list.splice(from, 1);
  if (!moved) return layout;
  list.splice(Math.max(0, from + by), 0, moved);
  return { ...named, sections: list };
}

/** A section goes with what was added to it; panels of logged keys are hidden. */
export function removeSection(layout: WorkspaceLayout, section: ArrangedSection): WorkspaceLayout {
  const without = section.panels.reduce((next, panel) => removePanel(next, panel.id), layout);
  return {
    ...without,
    sections: without.sections.filter((other) => other.name !== section.name),
  };
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  value !== null && typeof value === "object" && !Array.isArray(value);
const record = (value: unknown) => (isRecord(value) ? value : {});
const list = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);
const texts = (value: unknown) => list(value).filter((item) => typeof item === "string");

function readLook(value: unknown): PanelLook {
  const found = record(value);
  const look: PanelLook = {};
  if (typeof found.title === "string") look.title = found.title;
  if (Array.isArray(found.keys)) look.keys = texts(found.keys);
  if (isRecord(found.settings)) look.settings = readLineSettings(found.settings);
  if (isRecord(found.options)) look.options = found.options;
  if (typeof found.columns === "number") look.columns = clamp(found.columns, 0, 6);
  if (typeof found.height === "number") look.height = clamp(found.height, 120, 1600);
  if (typeof found.section === "string") look.section = found.section;
  return look;
}

const clamp = (value: number, low: number, high: number) =>
  Math.round(Math.min(high, Math.max(low, value)));

/** A layout from foreign JSON; what cannot be read is left out. */
export function readWorkspaceLayout(value: unknown): WorkspaceLayout {
  const found = record(value);
  return {
    settings: readLineSettings(found.settings),
    sections: list(found.sections).flatMap((item): SectionLook[] => {
      const { name, title, settings, added } = record(item);
      if (typeof name !== "string") return [];
      return [
        {
          name,
          ...(typeof title === "string" ? { title } : {}),
          ...(isRecord(settings) ? { settings: readLineSettings(settings) } : {}),
          ...(added === true ? { added } : {}),
        },
      ];
    }),
    added: list(found.added).flatMap((item): AddedPanel[] => {
      const { id, kind } = record(item);
      const known = panelKinds.find((name) => name === kind);
      if (typeof id !== "string" || !known) return [];
      return [{ section: "", ...readLook(item), id, kind: known }];
    }),
    changed: Object.fromEntries(
      Object.entries(record(found.changed)).map(([id, look]) => [id, readLook(look)]),
    ),
    removed: texts(found.removed),
    order: Object.fromEntries(
      Object.entries(record(found.order)).map(([name, ids]) => [name, texts(ids)]),
    ),
  };
}

/** The section into which a new panel over keys goes when nobody says where. */
export const usualSection = (keys: readonly string[]) => sectionOf(keys[0] ?? "");
