import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useEffect, useId, useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { paletteCollectionsQuery } from "@/api/artifacts";
import { paletteProjectsQuery } from "@/api/projects";
import { paletteRunsQuery } from "@/api/runs";
import { artifactsHref, collectionHref } from "@/lib/artifact-links";
import { combineFilter } from "@/lib/filter";
import { chooseTheme, currentTheme } from "@/lib/theme";
import { Dialog } from "@/ui/dialog";
import type { IconName } from "@/ui/icon";
import { Icon } from "@/ui/icon";
import { useDebounced } from "@/ui/use-debounced";
import styles from "./palette.module.css";
import type { Place } from "./shell";

interface Command {
  id: string;
  group: string;
  icon: IconName;
  label: string;
  detail?: string;
  run: () => void;
}

/** Jumps anywhere by typing. */
export function Palette({
  open,
  onOpen,
  place,
}: {
  open: boolean;
  onOpen: (open: boolean) => void;
  place: Place;
}) {
  const { t } = useTranslation();
  return (
    <Dialog
      open={open}
      onOpen={onOpen}
      title={t("palette.title")}
      quiet
      closeLabel={t("common.close")}
      width={600}
    >
      <PaletteBody place={place} onDone={() => onOpen(false)} />
    </Dialog>
  );
}

function PaletteBody({ place, onDone }: { place: Place; onDone: () => void }) {
  const { t } = useTranslation();
  const list = useId();
  const [query, setQuery] = useState("");
  const [at, setAt] = useState(0);
  const [commands, searching] = useCommands(place, query);

  // biome-ignore lint/correctness/useExhaustiveDependencies: another query begins at the top
  useEffect(() => setAt(0), [query]);
  useEffect(() => {
    document.getElementById(`${list}-${at}`)?.scrollIntoView({ block: "nearest" });
  }, [list, at]);

  const choose = (command: Command | undefined) => {
    if (!command) return;
    onDone();
    command.run();
  };
  const press = (event: React.KeyboardEvent) => {
    if (event.nativeEvent.isComposing) return;
    if (event.key === "ArrowDown") setAt(Math.min(commands.length - 1, at + 1));
    else if (event.key === "ArrowUp") setAt(Math.max(0, at - 1));
    else if (event.key === "Enter") choose(commands[at]);
    else return;
    event.preventDefault();
  };

  return (
    <div className={styles.palette}>
      <div className={styles.field}>
        <Icon name="search" />
        <input
          role="combobox"
          aria-expanded="true"
          aria-controls={list}
          aria-activedescendant={`${list}-${at}`}
          aria-label={t("palette.placeholder")}
          placeholder={t("palette.placeholder")}
          value={query}
          onChange={(event) => setQuery(event.target.value)}
          onKeyDown={press}
          // biome-ignore lint/a11y/noAutofocus: the palette is opened to type
          autoFocus
          spellCheck={false}
        />
        <kbd>Esc</kbd>
      </div>
      <div className={styles.list} role="listbox" id={list} aria-label={t("palette.title")}>
        {commands.map((command, index) => (
          <div key={command.id}>
            {command.group !== commands[index - 1]?.group && (
              <div className={styles.group}>{command.group}</div>
            )}
            {/* biome-ignore lint/a11y/useKeyWithClickEvents: the field above has the keys */}
            <div
              role="option"
              tabIndex={-1}
              id={`${list}-${index}`}
              aria-selected={index === at}
              className={styles.option}
              onMouseMove={() => setAt(index)}
              onClick={() => choose(command)}
            >
              <Icon name={command.icon} />
              <span className="truncate">{command.label}</span>
              {command.detail && <span className={styles.detail}>{command.detail}</span>}
            </div>
          </div>
        ))}
        {commands.length === 0 && (
          <p className={styles.nothing}>
            {searching ? t("palette.searching") : t("palette.nothing", { query })}
          </p>
        )}
      </div>
    </div>
  );
}

function useCommands(place: Place, query: string): [Command[], boolean] {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const asked = useDebounced(query.trim(), 150);
  const { entity, project } = place;
  const projects = useQuery(paletteProjectsQuery(asked));
  const filter = combineFilter({ search: asked, regex: false, filter: "" });
  const runs = useQuery({
    ...paletteRunsQuery(entity ?? "", project ?? "", filter),
    enabled: Boolean(entity && project),
  });

  const artifacts = useQuery({
    ...paletteCollectionsQuery({ entity: entity ?? "", project: project ?? "" }, asked),
    enabled: Boolean(entity && project && asked),
  });

  const commands = useMemo(() => {
    const words = query.trim().toLowerCase();
    const fits = (command: Command) =>
      `${command.label} ${command.detail ?? ""}`.toLowerCase().includes(words);
    const pages: Command[] = [];
    const page = (id: string, icon: IconName, label: string, run: () => void, detail?: string) =>
      pages.push({ id, group: t("palette.pages"), icon, label, run, detail });
    if (entity && project) {
      const params = { entity, project };
      page(
        "workspace",
        "chart",
        t("shell.workspace"),
        () => navigate({ to: "/$entity/$project", params }),
        project,
      );
      page(
        "runs",
        "table",
        t("shell.runs"),
        () => navigate({ to: "/$entity/$project/runs", params }),
        project,
      );
      page(
        "artifacts",
        "box",
        t("shell.artifacts"),
        () => navigate({ to: artifactsHref(params) as "/" }),
        project,
      );
    }
    page("projects", "projects", t("shell.projects"), () => navigate({ to: "/" }));
    page("registry", "registry", t("shell.registry"), () => navigate({ to: "/registry" as "/" }));
    page("settings", "settings", t("shell.settings"), () => navigate({ to: "/settings" }));
    page("authorize", "key", t("shell.authorize"), () => navigate({ to: "/authorize" }));
    const dark = currentTheme() === "dark";
    const actions: Command[] = [
      {
        id: "theme",
        group: t("palette.actions"),
        icon: dark ? "sun" : "moon",
        label: `${t("shell.theme")}: ${dark ? t("shell.light") : t("shell.dark")}`,
        run: () => chooseTheme(dark ? "light" : "dark"),
      },
    ];
    const found: Command[] = (runs.data?.items ?? []).map((run) => ({
      id: `run ${run.id}`,
      group: t("palette.runs", { project: run.project }),
      icon: "overview",
      label: run.display_name,
      detail: t(`state.${run.state as "running"}`, { defaultValue: run.state }),
      run: () =>
        navigate({
          to: "/$entity/$project/runs/$run",
          params: { entity: run.entity, project: run.project, run: run.id },
        }),
    }));
    const made: Command[] = (asked ? (artifacts.data?.items ?? []) : []).map((item) => ({
      id: `artifact ${item.id}`,
      group: t("palette.artifacts", { project }),
      icon: "box",
      label: item.name,
      detail: item.type,
      run: () => {
        const home = { entity: entity ?? "", project: project ?? "" };
        navigate({ to: collectionHref(home, item.type, item.name) as "/" });
      },
    }));
    const others: Command[] = (projects.data?.items ?? []).map((item) => ({
      id: `project ${item.entity}/${item.name}`,
      group: t("palette.projects"),
      icon: "folder",
      label: item.name,
      detail: item.entity,
      run: () =>
        navigate({
          to: "/$entity/$project",
          params: { entity: item.entity, project: item.name },
        }),
    }));
    return [...pages.filter(fits), ...found, ...made, ...others, ...actions.filter(fits)];
  }, [entity, project, query, asked, runs.data, artifacts.data, projects.data, navigate, t]);
  return [commands, runs.isFetching || projects.isFetching || artifacts.isFetching];
}
