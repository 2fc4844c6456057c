import { useTranslation } from "react-i18next";
import { CodeBlock } from "@/ui/code";
import { Blank } from "@/ui/page";
import styles from "./artifacts.module.css";

function pythonOf(project: string): string {
  return [
    "import kiseki",
    `with kiseki.init(project=${JSON.stringify(project)}) as run:`,
    `    artifact = kiseki.Artifact("my-data", type="dataset")`,
    `    artifact.add_dir("data")`,
    "    run.log_artifact(artifact)",
  ].join("\n");
}

/** The lines that log a first artifact. */
export function FirstArtifact({ project }: { project: string }) {
  const { t } = useTranslation();
  return (
    <Blank icon="box" title={t("artifacts.empty")}>
      <p>{t("artifacts.emptyText")}</p>
      <div className={styles.first}>
        <CodeBlock label={t("projects.python")} text={pythonOf(project)} />
      </div>
    </Blank>
  );
}
