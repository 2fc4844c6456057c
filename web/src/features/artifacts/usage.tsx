import { useState } from "react";
import { useTranslation } from "react-i18next";
import { entryPath } from "@/api/artifacts";
import type { ArtifactVersion } from "@/api/types";
import { CodeBlock } from "@/ui/code";
import { Segmented } from "@/ui/field";
import { Scroll } from "@/ui/page";
import styles from "./version.module.css";
import { placeOf } from "./version-marks";

type Client = "wandb" | "http";

/** The most telling name: an alias that somebody gave, or the number. */
const refOf = (version: ArtifactVersion) =>
  version.aliases.find((alias) => alias !== "latest") ?? `v${version.index}`;

function snippets(version: ArtifactVersion) {
  const name = `${version.entity}/${version.project}/${version.collection}:${refOf(version)}`;
  const quoted = JSON.stringify(name);
  const origin = window.location.origin;
  const at = { ...placeOf(version), version: refOf(version) };
  const file = entryPath(at, "PATH");
  const listing = file.slice(0, -"/PATH".length);
  const key = `-H "Authorization: Bearer $KISEKI_API_KEY"`;
  return {
    use: [
      "import wandb",
      "",
      `with wandb.init(project=${JSON.stringify(version.project)}) as run:`,
      `    artifact = run.use_artifact(${quoted})`,
      "    folder = artifact.download()",
    ].join("\n"),
    read: [
      "import wandb",
      "",
      `artifact = wandb.Api().artifact(${quoted})`,
      "folder = artifact.download()",
      "print(artifact.metadata)",
    ].join("\n"),
    list: `curl -s ${key} \\\n  "${origin}${listing}"`,
    get: `curl -sOJ ${key} \\\n  "${origin}${file}"`,
  };
}

/** How programs get at the version. */
export function VersionUsage({ version }: { version: ArtifactVersion }) {
  const { t } = useTranslation();
  const [client, setClient] = useState<Client>("wandb");
  const code = snippets(version);
  return (
    <Scroll>
      <div className={styles.usage}>
        <div>
          <Segmented<Client>
            label={t("artifacts.tab.usage")}
            value={client}
            options={[
              { value: "wandb", label: t("artifacts.code.wandb") },
              { value: "http", label: t("artifacts.code.http") },
            ]}
            onValue={setClient}
          />
        </div>
        {client === "wandb" ? (
          <>
            <CodeBlock label={t("artifacts.code.use")} text={code.use} />
            <CodeBlock label={t("artifacts.code.read")} text={code.read} />
          </>
        ) : (
          <>
            <CodeBlock label={t("artifacts.code.list")} text={code.list} />
            <CodeBlock label={t("artifacts.code.get")} text={code.get} />
          </>
        )}
      </div>
    </Scroll>
  );
}
