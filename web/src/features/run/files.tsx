import { useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { filePath, filesQuery } from "@/api/files";
import type { Run, RunFile } from "@/api/types";
import { Failure } from "@/features/failure";
import { Moment } from "@/features/moment";
import { formatBytes } from "@/lib/format";
import type { Params } from "@/lib/view";
import { buttonClass } from "@/ui/button";
import { SearchInput } from "@/ui/field";
import { Icon } from "@/ui/icon";
import { EmptyState, SkeletonRows } from "@/ui/states";
import { FilePreview } from "./file-preview";
import styles from "./files.module.css";

/** Files that the run saved, with a look into them. */
export function RunFiles({ run }: { run: Run }) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const [search, setSearch] = useState("");
  const chosen = (useSearch({ strict: false }) as Params).file;
  const files = useQuery(filesQuery(run.entity, run.project, run.id));
  if (files.isPending) return <SkeletonRows label={t("common.loading")} />;
  if (files.isError) {
    return <Failure title={t("files.error")} error={files.error} onRetry={files.refetch} />;
  }
  if (files.data.length === 0) {
    return (
      <EmptyState icon="folder" title={t("files.empty")}>
        {t("files.emptyText")}
      </EmptyState>
    );
  }
  const words = search.toLowerCase();
  const shown = files.data.filter((file) => file.path.toLowerCase().includes(words));
  const file = files.data.find((item) => item.path === chosen);
  const choose = (path: string) =>
    navigate({ to: ".", replace: true, search: { file: path } as Params });
  return (
    <div className={styles.files} data-chosen={file ? "" : undefined}>
      <div className={styles.side}>
        <div className={styles.head} data-search>
          <SearchInput
            label={t("files.search")}
            placeholder={t("files.search")}
            value={search}
            onValue={setSearch}
          />
          <span className="muted numeric">{t("files.count", { count: files.data.length })}</span>
        </div>
        <ul className={styles.list}>
          {shown.map((item) => (
            <li key={item.path}>
              <button
                type="button"
                aria-current={item.path === chosen || undefined}
                onClick={() => choose(item.path)}
              >
                <Icon name="file" size={15} />
                <span className={styles.path} title={item.path}>
                  {item.path}
                </span>
                <span className={styles.meta}>
                  {formatBytes(item.size)} · <Moment at={item.updated_at} />
                </span>
              </button>
            </li>
          ))}
        </ul>
        {shown.length === 0 && <p className={styles.nothing}>{t("files.noMatch")}</p>}
      </div>
      <div className={styles.preview}>
        {file ? (
          <>
            <FileHead run={run} file={file} />
            <FilePreview key={file.path} run={run} file={file} />
          </>
        ) : (
          <EmptyState icon="file" title={t("files.pick")} />
        )}
      </div>
    </div>
  );
}

function FileHead({ run, file }: { run: Run; file: RunFile }) {
  const { t } = useTranslation();
  return (
    <header className={styles.fileHead}>
      <h2 className="truncate" title={file.path}>
        {file.path}
      </h2>
      <a
        className={buttonClass("default", "s")}
        href={filePath(run.entity, run.project, run.id, file.path)}
        download={file.path.split("/").at(-1)}
      >
        <Icon name="download" size={14} />
        {t("common.download")}
      </a>
    </header>
  );
}
