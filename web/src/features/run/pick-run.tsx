import { useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useId, useState } from "react";
import { useTranslation } from "react-i18next";
import { paletteRunsQuery } from "@/api/runs";
import type { Run } from "@/api/types";
import { combineFilter } from "@/lib/filter";
import type { Params } from "@/lib/view";
import { Button } from "@/ui/button";
import { Input } from "@/ui/field";
import { useDebounced } from "@/ui/use-debounced";
import styles from "./run.module.css";

/** The run that this one is compared with, which stands in the address. */
export function useBaseRun(): [string | null, (id: string | null) => void] {
  const navigate = useNavigate();
  const chosen = (useSearch({ strict: false }) as Params).base ?? null;
  const choose = (id: string | null) => {
    void navigate({
      to: ".",
      replace: true,
      search: (old) => {
        const { base: _, ...rest } = old as Params;
        return id === null ? rest : { ...rest, base: id };
      },
    });
  };
  return [chosen, choose];
}

/** Finds another run of the project by its name. */
export function RunPick({
  run,
  chosen,
  onChoose,
}: {
  run: Run;
  chosen: string | null;
  onChoose: (id: string | null) => void;
}) {
  const { t } = useTranslation();
  const list = useId();
  const [text, setText] = useState("");
  const asked = useDebounced(text, 200);
  const found = useQuery({
    ...paletteRunsQuery(
      run.entity,
      run.project,
      combineFilter({ search: asked, regex: false, filter: "" }),
    ),
    enabled: asked !== "",
  });
  const others = (found.data?.items ?? []).filter((each) => each.id !== run.id);
  if (chosen !== null) {
    return (
      <Button size="s" icon="close" onClick={() => onChoose(null)}>
        {t("table.noBaseline")}
      </Button>
    );
  }
  return (
    <form
      className={styles.compareForm}
      onSubmit={(event) => {
        event.preventDefault();
        const named = others.find((each) => each.display_name === text);
        const id = named?.id ?? others[0]?.id;
        if (id) onChoose(id);
      }}
    >
      <Input
        aria-label={t("run.compareWith")}
        placeholder={t("run.compareWith")}
        list={list}
        value={text}
        onChange={(event) => setText(event.target.value)}
      />
      <datalist id={list}>
        {others.map((each) => (
          <option key={each.id} value={each.display_name} />
        ))}
      </datalist>
      <Button size="s" type="submit" disabled={others.length === 0}>
        {t("bulk.compare")}
      </Button>
    </form>
  );
}
