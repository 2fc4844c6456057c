import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { buttonClass } from "@/ui/button";
import { CodeBlock } from "@/ui/code";
import { Segmented } from "@/ui/field";
import { Icon } from "@/ui/icon";
import { Mark } from "@/ui/wordmark";
import styles from "./projects.module.css";

type Client = "kiseki" | "wandb";

function shellOf(client: Client): string {
  const address = window.location.origin;
  return client === "kiseki"
    ? `export KISEKI_BASE_URL=${address}\nexport KISEKI_API_KEY="…"`
    : `export WANDB_BASE_URL=${address}\nexport WANDB_API_KEY="…"`;
}

function pythonOf(client: Client, project: string): string {
  return [
    `import ${client}`,
    `with ${client}.init(project="${project}") as run:`,
    `    run.log({"loss": 0.5})`,
  ].join("\n");
}

/** The three lines that send a first run here. */
export function FirstRun({ project = "my-project" }: { project?: string }) {
  const { t } = useTranslation();
  const [client, setClient] = useState<Client>("kiseki");
  return (
    <section className={styles.first}>
      <Mark size={44} />
      <h2>{t("projects.emptyTitle")}</h2>
      <p className={styles.lead}>{t("projects.emptyText")}</p>
      <Segmented<Client>
        label={t("projects.emptyTitle")}
        value={client}
        options={[
          { value: "kiseki", label: t("projects.forKiseki") },
          { value: "wandb", label: t("projects.forWandb") },
        ]}
        onValue={setClient}
      />
      {client === "wandb" && <p className={styles.lead}>{t("projects.wandbText")}</p>}
      <div className={styles.code}>
        <CodeBlock label={t("projects.shell")} text={shellOf(client)} />
        <CodeBlock label={t("projects.python")} text={pythonOf(client, project)} />
      </div>
      <Link to="/authorize" className={buttonClass("primary")}>
        <Icon name="key" />
        {t("projects.makeKey")}
      </Link>
    </section>
  );
}
