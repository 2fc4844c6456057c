import { useNavigate } from "@tanstack/react-router";
import { useCallback, useState } from "react";
import { useTranslation } from "react-i18next";
import { readLogs } from "@/api/logs";
import type { LogLine, Run } from "@/api/types";
import { useFailureToast } from "@/features/failure";
import { stripAnsi } from "@/lib/ansi";
import { saveFile } from "@/lib/csv";
import type { Params } from "@/lib/view";
import { replaceParams } from "@/lib/view";
import { IconButton } from "@/ui/button";
import { copyText } from "@/ui/copy";
import { SearchInput, Select } from "@/ui/field";
import { toast } from "@/ui/toast";
import { useDraft } from "@/ui/use-debounced";
import styles from "./logs.module.css";

interface LogToolbarProps {
  run: Run;
  search: string;
  level: string;
  /** What the server has against the search. */
  problem?: string;
  lines: readonly LogLine[];
  total: number;
  timestamps: boolean;
  onTimestamps: (on: boolean) => void;
  wrap: boolean;
  onWrap: (on: boolean) => void;
}

export function LogToolbar(props: LogToolbarProps) {
  const { run, search, level, problem, lines, total } = props;
  const { t } = useTranslation();
  const navigate = useNavigate();
  const fail = useFailureToast();
  const [saving, setSaving] = useState(false);
  const change = useCallback(
    (part: Params) => {
      navigate({
        to: ".",
        replace: true,
        search: (old) => {
          const words = Object.entries(part).filter(([, value]) => value !== "");
          return replaceParams(old, Object.keys(part), Object.fromEntries(words));
        },
      });
    },
    [navigate],
  );
  const onSearch = useCallback((q: string) => change({ q }), [change]);
  const [draft, setDraft] = useDraft(search, onSearch, 350);

  const copy = () =>
    copyText(lines.map((line) => stripAnsi(line.text)).join("\n"))
      .then(() => toast(t("logs.copied", { count: lines.length })))
      .catch(fail);
  const save = async () => {
    setSaving(true);
    try {
      const parts: string[] = [];
      let after: string | undefined;
      for (;;) {
        const query = { search, level, after, limit: 10_000 };
        const page = await readLogs(run.entity, run.project, run.id, query);
        for (const line of page.items) parts.push(`${stripAnsi(line.text)}\n`);
        after = page.items.at(-1)?.cursor;
        if (!after) break;
      }
      saveFile(`${run.id}.log`, parts, "text/plain;charset=utf-8");
    } catch (error) {
      fail(error);
    } finally {
      setSaving(false);
    }
  };

  return (
    <div className={styles.toolbar}>
      <div className={styles.search} data-search>
        <SearchInput
          label={t("logs.search")}
          placeholder={t("logs.search")}
          value={draft}
          onValue={setDraft}
          invalid={problem !== undefined}
          title={t("common.regex")}
          end={<code className={styles.regexMark}>.*</code>}
        />
        {problem && (
          <p role="alert" className={styles.problem}>
            {problem}
          </p>
        )}
      </div>
      <Select
        label={t("logs.level")}
        value={level}
        onChange={(event) => change({ level: event.target.value })}
      >
        <option value="">{t("logs.anyLevel")}</option>
        <option value="info">{t("logs.stdout")}</option>
        <option value="error">{t("logs.stderr")}</option>
      </Select>
      <span className={styles.grow} />
      <span className={styles.count}>{t("logs.lines", { count: total })}</span>
      <IconButton
        icon="clock"
        label={t("logs.timestamps")}
        pressed={props.timestamps}
        onClick={() => props.onTimestamps(!props.timestamps)}
      />
      <IconButton
        icon="menu"
        label={t("logs.wrap")}
        pressed={props.wrap}
        onClick={() => props.onWrap(!props.wrap)}
      />
      <IconButton icon="copy" label={t("logs.copy")} onClick={copy} />
      <IconButton icon="download" label={t("logs.download")} busy={saving} onClick={save} />
    </div>
  );
}
