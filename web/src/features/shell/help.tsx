import { useTranslation } from "react-i18next";
import { Dialog } from "@/ui/dialog";
import styles from "./help.module.css";

export function HelpDialog({ open, onOpen }: { open: boolean; onOpen: (open: boolean) => void }) {
  const { t } = useTranslation();
  const groups: [string, [string[], string][]][] = [
    [
      t("shortcuts.anywhere"),
      [
        [["Ctrl/⌘", "K"], t("shortcuts.palette")],
        [["/"], t("shortcuts.search")],
        [["g", "p"], t("shortcuts.goProjects")],
        [["g", "w"], t("shortcuts.goWorkspace")],
        [["g", "r"], t("shortcuts.goRuns")],
        [["g", "a"], t("shortcuts.goArtifacts")],
        [["g", "e"], t("shortcuts.goRegistry")],
        [["g", "t"], t("shortcuts.goTraces")],
        [["g", "v"], t("shortcuts.goEvaluations")],
        [["g", "d"], t("shortcuts.goThreads")],
        [["g", "o"], t("shortcuts.goAssets")],
        [["g", "s"], t("shortcuts.goSettings")],
        [["?"], t("shortcuts.help")],
      ],
    ],
    [
      t("shortcuts.lists"),
      [
        [["j"], t("shortcuts.next")],
        [["k"], t("shortcuts.previous")],
        [["Enter"], t("shortcuts.open")],
        [["Esc"], t("shortcuts.close")],
      ],
    ],
  ];
  return (
    <Dialog
      open={open}
      onOpen={onOpen}
      title={t("shortcuts.title")}
      closeLabel={t("common.close")}
      width={520}
    >
      {groups.map(([title, rows]) => (
        <section key={title} className={styles.group}>
          <h3>{title}</h3>
          <dl>
            {rows.map(([keys, text]) => (
              <div key={text}>
                <dt>{text}</dt>
                <dd>
                  {keys.map((key) => (
                    <kbd key={key}>{key}</kbd>
                  ))}
                </dd>
              </div>
            ))}
          </dl>
        </section>
      ))}
      <p className="muted">{t("shortcuts.zoom")}</p>
    </Dialog>
  );
}
