import type { ReactNode } from "react";
import { createContext, useContext, useMemo, useState } from "react";
import type { ViewController } from "@/features/views/use-view-state";
import type { LineSettings } from "@/lib/line-settings";
import type {
  AddedPanel,
  ArrangedPanel,
  ArrangedSection,
  PanelLook,
  SectionLook,
  WorkspaceLayout,
} from "@/lib/workspace-layout";
import * as arranged from "@/lib/workspace-layout";

export interface Arranging {
  layout: WorkspaceLayout;
  sections: readonly ArrangedSection[];
  /** The panel or section whose settings are open. */
  editing: { panel: string } | { section: string } | { workspace: true } | null;
  edit: (what: Arranging["editing"]) => void;
  /** The section into which a panel is being added. */
  adding: string | null;
  startAdding: (section: string | null) => void;
  change: (id: string, look: Partial<PanelLook>, merge?: boolean) => void;
  add: (panel: AddedPanel) => void;
  remove: (id: string) => void;
  duplicate: (panel: ArrangedPanel) => void;
  move: (id: string, to: { section: string; before: string | null }) => void;
  changeSection: (name: string, look: Partial<SectionLook>) => void;
  addSection: (title: string) => string;
  moveSection: (name: string, by: -1 | 1) => void;
  removeSection: (section: ArrangedSection) => void;
  setSettings: (settings: LineSettings, merge?: boolean) => void;
  /** Takes back everything that single panels and sections say about lines. */
  clearSettings: () => void;
}

const Context = createContext<Arranging | null>(null);

/** How to arrange the panels; null where they cannot be arranged. */
export const useArranging = () => useContext(Context);

export function ArrangeProvider({
  of,
  sections,
  children,
}: {
  of: ViewController<WorkspaceLayout> | undefined;
  sections: readonly ArrangedSection[];
  children: ReactNode;
}) {
  const [editing, edit] = useState<Arranging["editing"]>(null);
  const [adding, startAdding] = useState<string | null>(null);
  const value = useMemo((): Arranging | null => {
    if (!of) return null;
    const change = of.change;
    return {
      layout: of.layout,
      sections,
      editing,
      edit,
      adding,
      startAdding,
      change: (id, look, merge) => change((now) => arranged.changePanel(now, id, look), merge),
      add: (panel) => change((now) => arranged.addPanel(now, panel)),
      remove: (id) => change((now) => arranged.removePanel(now, id)),
      duplicate: (panel) => {
        const inside = sections.find((section) => section.name === panel.section)?.panels ?? [];
        change((now) =>
          arranged.duplicatePanel(
            now,
            panel,
            inside.map((each) => each.id),
          ),
        );
      },
      move: (id, to) => change((now) => arranged.movePanel(now, sections, id, to)),
      changeSection: (name, look) =>
        change((now) => arranged.changeSection(arranged.nameSections(now, sections), name, look)),
      addSection: (title) => {
        const name = arranged.newId();
        change((now) =>
          arranged.changeSection(arranged.nameSections(now, sections), name, {
            title,
            added: true,
          }),
        );
        return name;
      },
      moveSection: (name, by) => change((now) => arranged.moveSection(now, sections, name, by)),
      removeSection: (section) => change((now) => arranged.removeSection(now, section)),
      setSettings: (settings, merge) => change((now) => ({ ...now, settings }), merge),
      clearSettings: () =>
        change((now) => ({
          ...now,
          sections: now.sections.map((section) => ({ ...section, settings: undefined })),
          added: now.added.map((panel) => ({ ...panel, settings: undefined })),
          changed: Object.fromEntries(
            Object.entries(now.changed).map(([id, { settings: _, ...look }]) => [id, look]),
          ),
        })),
    };
  }, [of, sections, editing, adding]);
  return <Context value={value}>{children}</Context>;
}
