import { useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { isSystemGroup, type Section } from "@/lib/sections";
import type { ChartsView } from "@/lib/view";
import { Count } from "@/ui/chip";
import { Icon } from "@/ui/icon";
import styles from "./charts.module.css";
import { Panel } from "./panel";
import type { ChartScope } from "./types";

/** Panels mounted at first, and whenever the end of the section comes near. */
const BATCH = 36;

/** Panels of one prefix, with a header that stays in sight and folds them away. */
export function PanelSection({
  section,
  scope,
  view,
  change,
  open,
}: {
  section: Section;
  scope: ChartScope;
  view: ChartsView;
  change: (part: Partial<ChartsView>) => void;
  open: boolean;
}) {
  const { t } = useTranslation();
  const [mounted, setMounted] = useState(BATCH);
  const end = useRef<HTMLDivElement>(null);
  const id = section.name || "-";
  const more = open && mounted < section.panels.length;

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
    if (scope.stream === "system" && isSystemGroup(section.name)) {
      return t(`charts.systemGroup.${section.name}`);
    }
    return section.name || t("charts.general");
  };
  const toggle = () =>
    change({
      closed: open ? [...view.closed, id] : view.closed.filter((name) => name !== id),
    });

  return (
    <section className={styles.section}>
      <h2 className={styles.sectionHead}>
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
      </h2>
      {open && (
        <div
          className={styles.grid}
          data-size={view.size}
          data-few={section.panels.length <= 2 || undefined}
        >
          {section.panels.slice(0, mounted).map((panel) => (
            <Panel key={panel.id} panel={panel} scope={scope} view={view} change={change} />
          ))}
        </div>
      )}
      {more && <div ref={end} style={{ height: 1 }} />}
    </section>
  );
}
