import { useState } from "react";
import { useTranslation } from "react-i18next";
import { entryPath } from "@/api/artifacts";
import type { ArtifactVersion } from "@/api/types";
import { CodeBlock } from "@/ui/code";
import { Segmented } from "@/ui/field";
import { Scroll } from "@/ui/page";
import styles from "./version.module.css";
import { placeOf } from "./version-marks";

type Client = "kiseki" | "wandb" | "http";

/** The most telling name: an alias that somebody gave, or the number. */
const refOf = (version: ArtifactVersion) =>
  version.aliases.find((alias) => alias !== "latest") ?? `v${version.index}`;

/** Both Python clients speak of artifacts in the same words. */
function pythonOf(client: "kiseki" | "wandb", version: ArtifactVersion, name: string) {
  return {
    use: [
      `import ${client}`,
      "",
      `with ${client}.init(project=${JSON.stringify(version.project)}) as run:`,
      `    artifact = run.use_artifact(${JSON.stringify(name)})`,
      "    folder = artifact.download()",
    ].join("\n"),
    read: [
      `import ${client}`,
      "",
      `artifact = ${client}.Api().artifact(${JSON.stringify(name)})`,
      "folder = artifact.download()",
      "print(artifact.metadata)",
    ].join("\n"),
  };
}

function httpOf(version: ArtifactVersion) {
  const at = { ...placeOf(version), version: refOf(version) };
  const file = window.location.origin + entryPath(at, "PATH");
  const key = `-H "Authorization: Bearer $KISEKI_API_KEY"`;
  return {
    list: `curl -s ${key} \\\n  "${file.slice(0, -"/PATH".length)}"`,
    get: `curl -sOJ ${key} \\\n  "${file}"`,
  };
}

/** How programs get at the version. */
export function VersionUsage({ version }: { version: ArtifactVersion }) {
  const { t } = useTranslation();
  const [client, setClient] = useState<Client>("kiseki");
  const name = `${version.entity}/${version.project}/${version.collection}:${refOf(version)}`;
  return (
    <Scroll>
      <div className={styles.usage}>
        <div>
          <Segmented<Client>
            label={t("artifacts.tab.usage")}
            value={client}
            options={[
              { value: "kiseki", label: t("artifacts.code.kiseki") },
              { value: "wandb", label: t("artifacts.code.wandb") },
              { value: "http", label: t("artifacts.code.http") },
            ]}
            onValue={setClient}
          />
        </div>
        {client === "http" ? <Http version={version} /> : <Python {...{ client, version, name }} />}
      </div>
    </Scroll>
  );
}

function Python({
  client,
  version,
  name,
}: {
  client: "kiseki" | "wandb";
  version: ArtifactVersion;
  name: string;
}) {
  const { t } = useTranslation();
  const code = pythonOf(client, version, name);
  return (
    <>
      <CodeBlock label={t("artifacts.code.use")} text={code.use} />
      <CodeBlock label={t("artifacts.code.read")} text={code.read} />
    </>
  );
}

function Http({ version }: { version: ArtifactVersion }) {
  const { t } = useTranslation();
  const code = httpOf(version);
  return (
    <>
      <CodeBlock label={t("artifacts.code.list")} text={code.list} />
      <CodeBlock label={t("artifacts.code.get")} text={code.get} />
    </>
  );
}
