import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { ObjectAt } from "@/api/objects";
import { objectVersionQuery } from "@/api/objects";
import type { CallDetail } from "@/api/types";
import { CodeDifference, OpCode } from "@/features/objects/code";
import { VersionChoice } from "@/features/objects/version-picker";
import { readReference } from "@/lib/object-links";
import { IconButton } from "@/ui/button";
import { EmptyState } from "@/ui/states";
import styles from "./trace.module.css";

/** The code of the op as it was when the call was made, and what other versions have instead. */
export function CallCode({ call }: { call: CallDetail }) {
  const { t } = useTranslation();
  const ref = readReference(call.op);
  const [other, setOther] = useState<number | null>(null);
  const op = ref?.kind === "op" ? ref : null;
  const at: ObjectAt = {
    entity: op?.entity ?? "",
    project: op?.project ?? "",
    kind: "op",
    name: op?.name ?? "",
  };
  const version = useQuery({
    ...objectVersionQuery(at, op?.version ?? ""),
    enabled: op !== null,
    retry: false,
  });
  const compared = useQuery({
    ...objectVersionQuery(at, `v${other}`),
    enabled: other !== null,
  });
  if (!op) {
    return (
      <EmptyState compact icon="file" title={t("objects.noCode")}>
        {t("traces.plainOp")}
      </EmptyState>
    );
  }
  return (
    <>
      {version.data && (
        <div className={styles.codeTools}>
          <VersionChoice
            at={at}
            label={t("traces.compareCode")}
            current={other ?? version.data.index}
            onChoose={(chosen) => setOther(chosen.index)}
          >
            {other === null
              ? t("traces.compareCode")
              : t("traces.comparedWith", { version: other })}
          </VersionChoice>
          {other !== null && (
            <IconButton
              icon="close"
              size="s"
              label={t("traces.compareEnd")}
              onClick={() => setOther(null)}
            />
          )}
        </div>
      )}
      {other !== null && compared.data && version.data ? (
        <CodeDifference at={at} before={compared.data} after={version.data} />
      ) : (
        <OpCode text={call.op} />
      )}
    </>
  );
}
