import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { ObjectAt } from "@/api/objects";
import type { ObjectVersionDetail } from "@/api/types";
import { CodeBlock } from "@/ui/code";
import { Segmented } from "@/ui/field";
import { Scroll } from "@/ui/page";
import styles from "./objects.module.css";

type Client = "weave" | "http";

/** How programs get at the version. */
export function ObjectUse({ at, version }: { at: ObjectAt; version: ObjectVersionDetail }) {
  const { t } = useTranslation();
  const [client, setClient] = useState<Client>("weave");
  const blocks = client === "weave" ? pythonOf(at, version) : httpOf(at, version);
  return (
    <Scroll>
      <div className={styles.use}>
        <div>
          <Segmented<Client>
            label={t("objects.tab.use")}
            value={client}
            options={[
              { value: "weave", label: "Python (weave)" },
              { value: "http", label: "HTTP" },
            ]}
            onValue={setClient}
          />
        </div>
        {blocks.map(([label, text]) => (
          <CodeBlock key={label} label={t(`objects.uses.${label}`)} text={text} />
        ))}
      </div>
    </Scroll>
  );
}

type Block = readonly ["get" | "read" | "publish" | "rows" | "call", string];

function pythonOf(at: ObjectAt, version: ObjectVersionDetail): Block[] {
  const begin = ["import weave", "", `weave.init("${at.entity}/${at.project}")`];
  const named = `${at.name}:v${version.index}`;
  const get: Block = [
    "get",
    [...begin, `${variable(version)} = weave.ref("${named}").get()`, ...after(version)].join("\n"),
  ];
  const exact: Block = ["read", [...begin, `weave.ref("${version.ref}").get()`].join("\n")];
  if (version.category === "op" || version.value === null) return [get, exact];
  const publish: Block = [
    "publish",
    [
      ...begin,
      `${variable(version)} = weave.ref("${at.name}:latest").get()`,
      "# …",
      `weave.publish(${variable(version)}, name="${at.name}")`,
    ].join("\n"),
  ];
  return [get, exact, publish];
}

function variable(version: ObjectVersionDetail): string {
  return version.category === "other" ? "thing" : version.category;
}

function after(version: ObjectVersionDetail): string[] {
  if (version.category === "op") return ["result = op(…)"];
  if (version.category === "dataset") return ["for row in dataset.rows:", "    print(row)"];
  if (version.category === "prompt") return ["text = prompt.format(…)"];
  if (version.category === "model") return ["answer = model.predict(…)"];
  return [];
}

function httpOf(at: ObjectAt, version: ObjectVersionDetail): Block[] {
  const origin = window.location.origin;
  const base = `${origin}/api/v1/projects/${encodeURIComponent(at.entity)}/${encodeURIComponent(at.project)}`;
  const key = `-H "Authorization: Bearer $KISEKI_API_KEY"`;
  const path = `${base}/objects/${at.kind}/${encodeURIComponent(at.name)}/versions/v${version.index}`;
  const blocks: Block[] = [["get", `curl -s ${key} \\\n  "${path}"`]];
  if (version.table) {
    blocks.push(["rows", `curl -s ${key} \\\n  "${base}/tables/${version.table}/rows?limit=1000"`]);
  }
  blocks.push([
    "call",
    `curl -sG ${key} \\\n  --data-urlencode "ref=${version.ref}" \\\n  "${base}/calls"`,
  ]);
  return blocks;
}
