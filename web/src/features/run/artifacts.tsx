import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { runInputsQuery, runOutputsQuery } from "@/api/artifacts";
import type { ArtifactVersion, Run } from "@/api/types";
import { useHomeOf } from "@/features/artifacts/home";
import { useLiveArtifacts } from "@/features/artifacts/live";
import { Failure } from "@/features/failure";
import { LineageLink, MiniLineage } from "@/features/lineage/panel";
import { versionHref } from "@/lib/artifact-links";
import { formatBytes } from "@/lib/format";
import { Alias } from "@/ui/chip";
import { Icon } from "@/ui/icon";
import { Blank, Card, Column, Columns, Scroll } from "@/ui/page";
import { SkeletonRows } from "@/ui/states";
import styles from "./artifacts.module.css";

/** What the run used and what it made. */
export function RunArtifacts({ run }: { run: Run }) {
  const { t } = useTranslation();
  const home = { entity: run.entity, project: run.project };
  const inputs = useQuery(runInputsQuery(home, run.id));
  const outputs = useQuery(runOutputsQuery(home, run.id));
  useLiveArtifacts(home);
  if (inputs.isPending || outputs.isPending) return <SkeletonRows label={t("common.loading")} />;
  if (inputs.isError || outputs.isError) {
    const retry = () => void Promise.all([inputs.refetch(), outputs.refetch()]);
    return (
      <Failure title={t("artifacts.error")} error={inputs.error ?? outputs.error} onRetry={retry} />
    );
  }
  if (inputs.data.length + outputs.data.length === 0) {
    return (
      <Blank icon="box" title={t("artifacts.runEmpty")}>
        {t("artifacts.runEmptyText")}
      </Blank>
    );
  }
  return (
    <div className={styles.page}>
      <Scroll>
        <Columns>
          <Column>
            <Versions
              title={t("artifacts.inputs")}
              items={inputs.data}
              none={t("artifacts.noInputs")}
            />
          </Column>
          <Column>
            <Versions
              title={t("artifacts.outputs")}
              items={outputs.data}
              none={t("artifacts.noOutputs")}
            />
          </Column>
        </Columns>
        <Card
          title={t("lineage.title")}
          actions={<LineageLink home={home} start={{ run: run.id }} />}
        >
          <MiniLineage home={home} start={{ run: run.id }} />
        </Card>
      </Scroll>
    </div>
  );
}

function Versions({
  title,
  items,
  none,
}: {
  title: string;
  items: readonly ArtifactVersion[];
  none: string;
}) {
  const homeOf = useHomeOf();
  return (
    <Card title={title} count={items.length}>
      {items.length === 0 && <p className="muted">{none}</p>}
      <ul className={styles.list}>
        {items.map((version) => (
          <li key={version.id}>
            <Link
              to={
                versionHref(homeOf(version), version.type, version.collection, version.index) as "/"
              }
            >
              <Icon name="box" size={15} />
              <span className="truncate">
                {version.collection}:v{version.index}
              </span>
            </Link>
            <span className={styles.aliases}>
              {version.aliases.map((alias) => (
                <Alias key={alias}>{alias}</Alias>
              ))}
            </span>
            <span className="muted truncate">{version.type}</span>
            <span className="muted numeric">{formatBytes(version.size)}</span>
          </li>
        ))}
      </ul>
    </Card>
  );
}
