import { useQueries } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { mediaKeysQuery } from "@/api/media";
import type { PanelKind } from "@/lib/workspace-layout";
import { newId, panelKinds, usualSection } from "@/lib/workspace-layout";
import { Button } from "@/ui/button";
import { Dialog, DialogActions } from "@/ui/dialog";
import { Checkbox } from "@/ui/field";
import type { IconName } from "@/ui/icon";
import { Icon } from "@/ui/icon";
import { useArranging } from "./arrange";
import styles from "./charts.module.css";
import { KeyPicker } from "./key-picker";
import type { ChartScope } from "./types";

const icons: Record<PanelKind, IconName> = {
  line: "chart",
  scatter: "more",
  parallel: "sliders",
  importance: "sort",
  bar: "group",
  histogram: "columns",
  scalar: "sigma",
  comparer: "table",
  media: "eye",
  markdown: "edit",
  custom: "bolt",
};

/** Anything but the section of somebody's choice. */
export const ANYWHERE = "\0";

/** Kinds of panels to add; lines and histograms ask for their keys first. */
export function AddPanel({ scope, keys }: { scope: ChartScope; keys: readonly string[] }) {
  const { t } = useTranslation();
  const arranging = useArranging();
  const [kind, setKind] = useState<"line" | "histogram" | null>(null);
  const [chosen, setChosen] = useState<string[]>([]);
  const [together, setTogether] = useState(true);
  const section = arranging?.adding ?? null;
  const logged = useQueries({
    queries: scope.runs.slice(0, 3).map((run) => ({
      ...mediaKeysQuery(scope.entity, scope.project, run.id),
      enabled: section !== null,
    })),
  });
  if (!arranging || section === null) return null;
  const histograms = [
    ...new Set(
      logged.flatMap((query) =>
        (query.data ?? []).flatMap((item) => (item.kinds.includes("histogram") ? item.key : [])),
      ),
    ),
  ];
  const close = () => {
    arranging.startAdding(null);
    setKind(null);
    setChosen([]);
  };
  const add = (kind: PanelKind, keys: string[]) => {
    const id = newId();
    const place = section === ANYWHERE ? usualSection(keys) : section;
    arranging.add({ id, kind, section: place, keys });
    return id;
  };
  const pick = (kind: PanelKind) => {
    if (kind === "line" || kind === "histogram") {
      setKind(kind);
      return;
    }
    const id = add(kind, []);
    close();
    arranging.edit({ panel: id });
  };
  const finish = () => {
    if (kind === "histogram" || (kind === "line" && together)) add(kind, chosen);
    else for (const key of chosen) add("line", [key]);
    close();
  };
  return (
    <Dialog
      open
      onOpen={(open) => !open && close()}
      width={560}
      title={t("panels.add")}
      closeLabel={t("common.close")}
    >
      {kind === null ? (
        <div className={styles.kinds}>
          {panelKinds.map((name) => (
            <button key={name} type="button" onClick={() => pick(name)}>
              <Icon name={icons[name]} size={18} />
              <b>{t(`panels.kind.${name}`)}</b>
              <span>{t(`panels.kindText.${name}`)}</span>
            </button>
          ))}
        </div>
      ) : (
        <div className={styles.editor}>
          <KeyPicker
            keys={kind === "histogram" ? histograms : keys}
            chosen={chosen}
            one={kind === "histogram"}
            onChosen={setChosen}
          />
          {kind === "line" && chosen.length > 1 && (
            <Checkbox checked={together} onChecked={setTogether}>
              {t("panels.together")}
            </Checkbox>
          )}
          <DialogActions>
            <Button onClick={() => setKind(null)}>{t("common.back")}</Button>
            <Button variant="primary" disabled={chosen.length === 0} onClick={finish}>
              {t("panels.add")}
            </Button>
          </DialogActions>
        </div>
      )}
    </Dialog>
  );
}
