import { useMemo, useRef } from "react";
import { useTranslation } from "react-i18next";
import type { LineSettings } from "@/lib/line-settings";
import { cascade } from "@/lib/line-settings";
import type { ChartsView } from "@/lib/view";
import type { ArrangedPanel } from "@/lib/workspace-layout";
import { Button } from "@/ui/button";
import { Drawer } from "@/ui/dialog";
import { Field, Input, Select } from "@/ui/field";
import { useArranging } from "./arrange";
import styles from "./charts.module.css";
import { KeyPicker } from "./key-picker";
import { LineForm } from "./line-form";
import { OptionForm } from "./option-form";
import { PanelBody } from "./panel-body";
import type { ChartScope } from "./types";
import { useWidth } from "./use-visible";

interface EditorProps {
  scope: ChartScope;
  view: ChartsView;
  change: (part: Partial<ChartsView>) => void;
  settings: LineSettings;
  keys: readonly string[];
}

/** Settings of a panel, a section or the whole page, in a drawer; each change shows at once. */
export function Editor(props: EditorProps) {
  const { t } = useTranslation();
  const arranging = useArranging();
  const what = arranging?.editing;
  if (!arranging || !what) return null;
  const panels = arranging.sections.flatMap((section) => section.panels);
  const panel = "panel" in what ? panels.find((each) => each.id === what.panel) : undefined;
  const section =
    "section" in what
      ? arranging.sections.find((each) => each.name === what.section)
      : arranging.sections.find((each) => each.name === panel?.section);
  const title = panel
    ? panel.title || t(`panels.kind.${panel.kind}`)
    : "section" in what
      ? (section?.title ?? section?.name) || t("charts.general")
      : t("panels.allPanels");
  return (
    <Drawer
      open
      onOpen={(open) => !open && arranging.edit(null)}
      width={520}
      title={title}
      closeLabel={t("common.close")}
    >
      {panel ? (
        <PanelForm {...props} settings={cascade(props.settings, section?.settings)} panel={panel} />
      ) : "section" in what && section ? (
        <div className={styles.editor}>
          <p className={styles.editorText}>{t("panels.sectionText")}</p>
          <LineForm
            level="section"
            own={section.settings}
            above={props.settings}
            keys={props.keys}
            onChange={(settings) => arranging.changeSection(section.name, { settings })}
          />
        </div>
      ) : (
        <div className={styles.editor}>
          <p className={styles.editorText}>{t("panels.workspaceText")}</p>
          <LineForm
            level="workspace"
            own={arranging.layout.settings}
            above={{}}
            keys={props.keys}
            onChange={(settings) => arranging.setSettings(settings, true)}
          />
        </div>
      )}
    </Drawer>
  );
}

function PanelForm({
  panel,
  scope,
  view,
  change,
  settings,
  keys,
}: EditorProps & { panel: ArrangedPanel }) {
  const { t } = useTranslation();
  const arranging = useArranging();
  const box = useRef<HTMLDivElement>(null);
  const width = useWidth(box);
  const own = useMemo(() => cascade(settings, panel.settings), [settings, panel.settings]);
  if (!arranging) return null;
  const set = (look: Parameters<typeof arranging.change>[1]) =>
    arranging.change(panel.id, look, true);
  const hasKeys = ["line", "histogram", "custom"].includes(panel.kind);
  return (
    <div className={styles.editor}>
      <div ref={box} className={styles.preview}>
        <PanelBody
          panel={panel}
          scope={scope}
          settings={own}
          view={view}
          change={change}
          visible
          width={width}
        />
      </div>
      <Field label={t("panels.title")}>
        {(id) => (
          <Input
            id={id}
            value={panel.title}
            maxLength={200}
            onChange={(event) => set({ title: event.target.value })}
          />
        )}
      </Field>
      {hasKeys && (
        <KeyPicker
          keys={keys}
          chosen={panel.keys}
          one={panel.kind === "histogram"}
          onChosen={(chosen) => set({ keys: chosen })}
        />
      )}
      {panel.kind === "line" ? (
        <LineForm
          level="panel"
          own={panel.settings}
          above={settings}
          keys={keys}
          onChange={(settings) => set({ settings })}
        />
      ) : (
        <OptionForm panel={panel} scope={scope} onOptions={(options) => set({ options })} />
      )}
      <div className={styles.pair}>
        <Field label={t("panels.width")}>
          {() => (
            <Select
              label={t("panels.width")}
              value={String(panel.columns)}
              onChange={(event) => set({ columns: Number(event.target.value) })}
            >
              {[1, 2, 3, 4].map((count) => (
                <option key={count} value={count}>
                  {t("panels.columns", { count })}
                </option>
              ))}
              <option value="0">{t("panels.wholeRow")}</option>
            </Select>
          )}
        </Field>
        <Field label={t("panels.height")}>
          {(id) => (
            <Input
              id={id}
              type="number"
              min={150}
              max={1600}
              step={10}
              value={panel.height ?? ""}
              placeholder={t("charts.auto")}
              onChange={(event) =>
                set({
                  height: event.target.value === "" ? undefined : Number(event.target.value),
                })
              }
            />
          )}
        </Field>
      </div>
      <div className={styles.editorActions}>
        <Button
          icon="trash"
          variant="danger"
          onClick={() => {
            arranging.edit(null);
            arranging.remove(panel.id);
          }}
        >
          {t("panels.remove")}
        </Button>
        <Button variant="primary" onClick={() => arranging.edit(null)}>
          {t("panels.done")}
        </Button>
      </div>
    </div>
  );
}
