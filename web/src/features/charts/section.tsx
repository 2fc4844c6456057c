import { useEffect, useMemo, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import type { LineSettings } from "@/lib/line-settings";
import { cascade } from "@/lib/line-settings";
import { isSystemGroup } from "@/lib/sections";
import type { ChartsView } from "@/lib/view";
import type { ArrangedSection } from "@/lib/workspace-layout";
import { Button, IconButton } from "@/ui/button";
import { Count } from "@/ui/chip";
import { Input } from "@/ui/field";
import { Icon } from "@/ui/icon";
import { Menu, MenuItem, MenuLine } from "@/ui/menu";
import { useArranging } from "./arrange";
import styles from "./charts.module.css";
import { DRAGGED_PANEL } from "./drag";
import { Panel } from "./panel";
import type { ChartScope } from "./types";

/** Panels mounted at first, and whenever the end of the section comes near. */
const BATCH = 36;

/** Panels of one prefix, with a header that stays in sight and folds them away. */
export function PanelSection({
  section,
  scope,
  settings,
  view,
  change,
  open,
}: {
  section: ArrangedSection;
  scope: ChartScope;
  /** What the whole page says. */
  settings: LineSettings;
  view: ChartsView;
  change: (part: Partial<ChartsView>) => void;
  open: boolean;
}) {
  const { t } = useTranslation();
  const arranging = useArranging();
  const [mounted, setMounted] = useState(BATCH);
  const [renaming, setRenaming] = useState<string | null>(null);
  const end = useRef<HTMLDivElement>(null);
  const id = section.name || "-";
  const more = open && mounted < section.panels.length;
  const own = useMemo(() => cascade(settings, section.settings), [settings, section.settings]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: after each batch the end is looked for anew
  useEffect(() => {
    const target = end.current;
    if (!target) return;
    const observer = new IntersectionObserver(
      (entries) => {
        if (entries.some((entry) => entry.isIntersecting)) setMounted((count) => count + BATCH);
      },
      { rootMargin: "800px" },
    );
    observer.observe(target);
    return () => observer.disconnect();
  }, [more, mounted]);

  const title = () => {
    if (section.title !== null) return section.title;
    if (scope.stream === "system" && isSystemGroup(section.name)) {
      return t(`charts.systemGroup.${section.name}`);
    }
    return section.name || t("charts.general");
  };
  const toggle = () =>
    change({
      closed: open ? [...view.closed, id] : view.closed.filter((name) => name !== id),
    });
  const rename = () => {
    const text = renaming?.trim();
    if (text && text !== title()) arranging?.changeSection(section.name, { title: text });
    setRenaming(null);
  };
  const at = arranging?.sections.findIndex((other) => other.name === section.name) ?? 0;
  const plain = section.panels.every((panel) => panel.columns === 1);

  return (
    <section className={styles.section} aria-label={title()}>
      <h2 className={styles.sectionHead}>
        {renaming !== null ? (
          <form
            className={styles.renameSection}
            onSubmit={(event) => {
              event.preventDefault();
              rename();
            }}
          >
            <Input
              aria-label={t("panels.renameSection")}
              autoFocus
              value={renaming}
              maxLength={100}
              onChange={(event) => setRenaming(event.target.value)}
              onBlur={rename}
              onKeyDown={(event) => event.key === "Escape" && setRenaming(null)}
            />
          </form>
        ) : (
          <button type="button" aria-expanded={open} onClick={toggle}>
            <Icon name={open ? "chevronDown" : "chevronRight"} size={14} />
            <span className="truncate">{title()}</span>
            <Count>
              <span className="visually-hidden">
                {t("charts.panels", { count: section.panels.length })}
              </span>
              <span aria-hidden="true">{section.panels.length}</span>
            </Count>
          </button>
        )}
        {arranging && renaming === null && (
          <span className={styles.sectionTools}>
            <IconButton
              icon="plus"
              size="s"
              label={t("panels.addTo", { section: title() })}
              onClick={() => arranging.startAdding(section.name)}
            />
            <Menu
              align="start"
              trigger={
                <IconButton
                  icon="more"
                  size="s"
                  label={t("panels.sectionMenu", { section: title() })}
                />
              }
            >
              <MenuItem icon="edit" onSelect={() => setRenaming(title())}>
                {t("panels.renameSection")}
              </MenuItem>
              <MenuItem icon="sliders" onSelect={() => arranging.edit({ section: section.name })}>
                {t("panels.sectionSettings")}
              </MenuItem>
              <MenuItem
                icon="arrowUp"
                disabled={at <= 0}
                onSelect={() => arranging.moveSection(section.name, -1)}
              >
                {t("panels.up")}
              </MenuItem>
              <MenuItem
                icon="arrowDown"
                disabled={at >= arranging.sections.length - 1}
                onSelect={() => arranging.moveSection(section.name, 1)}
              >
                {t("panels.down")}
              </MenuItem>
              <MenuLine />
              <MenuItem icon="trash" danger onSelect={() => arranging.removeSection(section)}>
                {t("panels.removeSection")}
              </MenuItem>
            </Menu>
          </span>
        )}
      </h2>
      {open && (
        // biome-ignore lint/a11y/noStaticElementInteractions: the menus move panels by keyboard
        <div
          className={styles.grid}
          data-size={view.size}
          data-few={(plain && section.panels.length <= 2) || undefined}
          onDragOver={(event) => {
            if (arranging && event.dataTransfer.types.includes(DRAGGED_PANEL)) {
              event.preventDefault();
            }
          }}
          onDrop={(event) => {
            const dragged = event.dataTransfer.getData(DRAGGED_PANEL);
            if (dragged) arranging?.move(dragged, { section: section.name, before: null });
          }}
        >
          {section.panels.slice(0, mounted).map((panel) => (
            <Panel
              key={panel.id}
              panel={panel}
              scope={scope}
              settings={own}
              view={view}
              change={change}
            />
          ))}
          {section.panels.length === 0 && arranging && (
            <div className={styles.emptySection}>
              <p>{t("panels.emptySection")}</p>
              <Button size="s" icon="plus" onClick={() => arranging.startAdding(section.name)}>
                {t("panels.add")}
              </Button>
            </div>
          )}
        </div>
      )}
      {more && <div ref={end} style={{ height: 1 }} />}
    </section>
  );
}
