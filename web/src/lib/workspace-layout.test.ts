import { describe, expect, it } from "vitest";
import { historySections } from "./sections";
import type { WorkspaceLayout } from "./workspace-layout";
import {
  addPanel,
  arrange,
  changePanel,
  changeSection,
  duplicatePanel,
  emptyLayout,
  movePanel,
  moveSection,
  nameSections,
  readWorkspaceLayout,
  removePanel,
  removeSection,
} from "./workspace-layout";

const automatic = historySections(["loss", "train/a", "train/b", "val/a"]);
const shape = (layout: WorkspaceLayout) =>
  arrange(automatic, layout).map((section) => [
    section.name,
    section.panels.map((panel) => panel.title),
  ]);
const sections = (layout: WorkspaceLayout) => arrange(automatic, layout);

describe("the layout of a workspace", () => {
  it("is the automatic one when nobody changed anything", () => {
    expect(shape(emptyLayout)).toEqual([
      ["", ["loss"]],
      ["train", ["train/a", "train/b"]],
      ["val", ["val/a"]],
    ]);
  });

  it("keeps what was moved, and shows keys that are new", () => {
    const moved = movePanel(emptyLayout, sections(emptyLayout), "val/a", {
      section: "train",
      before: "train/b",
    });
    expect(shape(moved)).toEqual([
      ["", ["loss"]],
      ["train", ["train/a", "val/a", "train/b"]],
    ]);
    const more = historySections(["loss", "train/0", "train/a", "train/b", "val/a", "val/b"]);
    expect(arrange(more, moved).map((section) => section.panels.map((panel) => panel.id))).toEqual([
      ["loss"],
      ["train/a", "val/a", "train/b", "train/0"],
      ["val/b"],
    ]);
  });

  it("removes, adds, changes and duplicates panels", () => {
    let layout = removePanel(emptyLayout, "loss");
    layout = changePanel(layout, "val/a", { title: "accuracy", columns: 2 });
    layout = addPanel(layout, { id: "n", kind: "markdown", section: "val", title: "notes" });
    const [train, val] = sections(layout);
    expect(train?.name).toBe("train");
    expect(val?.panels).toMatchObject([
      { title: "accuracy", columns: 2, kind: "line", added: false },
      { title: "notes", kind: "markdown", added: true },
    ]);
    const first = val?.panels[0];
    if (!first) throw new Error("no panel");
    layout = duplicatePanel(layout, first, ["val/a", "n"]);
    expect(shape(layout)).toEqual([
      ["train", ["train/a", "train/b"]],
      ["val", ["accuracy", "accuracy", "notes"]],
    ]);
    expect(changePanel(layout, "val/a", { title: undefined, columns: undefined }).changed).toEqual(
      {},
    );
  });

  it("renames, moves, adds and removes sections", () => {
    let layout = changeSection(nameSections(emptyLayout, sections(emptyLayout)), "train", {
      title: "Training",
    });
    layout = moveSection(layout, sections(layout), "train", 1);
    layout = changeSection(layout, "mine", { title: "Mine", added: true });
    expect(sections(layout).map(({ name, title }) => [name, title])).toEqual([
      ["", null],
      ["val", null],
      ["train", "Training"],
      ["mine", "Mine"],
    ]);
    const val = sections(layout)[1];
    if (!val) throw new Error("no section");
    expect(shape(removeSection(layout, val)).map(([name]) => name)).toEqual(["", "train", "mine"]);
  });

  it("survives foreign documents", () => {
    for (const foreign of [null, 7, [], { added: {}, sections: [1], changed: { a: 3 } }]) {
      expect(arrange(automatic, readWorkspaceLayout(foreign))).toHaveLength(3);
    }
    const read = readWorkspaceLayout({
      settings: { smoothing: 0.5, band: "nonsense", yLow: "x" },
      added: [
        { id: "a", kind: "unknown" },
        { id: "b", kind: "scatter", height: 1e9 },
      ],
    });
    expect(read.settings).toEqual({ smoothing: 0.5 });
    expect(read.added).toEqual([{ id: "b", kind: "scatter", section: "", height: 1600 }]);
  });
});
