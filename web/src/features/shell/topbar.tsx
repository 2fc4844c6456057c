import { useQuery, useQueryClient, useSuspenseQuery } from "@tanstack/react-query";
import { Link, useNavigate, useRouterState } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { runQuery } from "@/api/runs";
import { sessionQuery, signOut } from "@/api/session";
import { useFailureToast } from "@/features/failure";
import { ObjectCrumbs } from "@/features/objects/crumbs";
import type { Language } from "@/lib/i18n";
import { chooseLanguage, languageNames, languages } from "@/lib/i18n";
import type { ThemeChoice } from "@/lib/theme";
import { chooseTheme } from "@/lib/theme";
import { IconButton } from "@/ui/button";
import { Icon } from "@/ui/icon";
import { Menu, MenuChoice, MenuItem, MenuLabel, MenuLine } from "@/ui/menu";
import { useThemeChoice } from "@/ui/use-theme";
import { Wordmark } from "@/ui/wordmark";
import { ArtifactCrumbs, RegistryCrumbs } from "./artifact-crumbs";
import { ConnectionBadge } from "./connection";
import type { Place } from "./shell";
import styles from "./shell.module.css";

export function TopBar({
  place,
  narrow,
  onMenu,
  onPalette,
}: {
  place: Place;
  narrow: boolean;
  onMenu: () => void;
  onPalette: () => void;
}) {
  const { t } = useTranslation();
  return (
    <header className={styles.topbar}>
      {narrow && <IconButton icon="menu" label={t("shell.menu")} onClick={onMenu} />}
      <Link to="/" className={styles.home} aria-label={`Kiseki – ${t("shell.projects")}`}>
        <Wordmark size={24} label={!narrow} />
      </Link>
      <Breadcrumb place={place} />
      <span className={styles.grow} />
      <button
        type="button"
        className={styles.jump}
        onClick={onPalette}
        aria-label={narrow ? t("shell.commands") : undefined}
      >
        <Icon name="search" size={14} />
        <span>{t("shell.commands")}</span>
        <kbd>{/Mac|iPhone|iPad/.test(navigator.platform) ? "⌘K" : "Ctrl K"}</kbd>
      </button>
      <ConnectionBadge />
      {!narrow && (
        <>
          <Menu trigger={<IconButton icon="globe" label={t("shell.language")} />}>
            <LanguageChoice />
          </Menu>
          <Menu trigger={<IconButton icon="sun" label={t("shell.theme")} />}>
            <ThemeMenu />
          </Menu>
        </>
      )}
      <UserMenu narrow={narrow} />
    </header>
  );
}

function LanguageChoice() {
  const { t, i18n } = useTranslation();
  return (
    <MenuChoice<Language>
      label={t("shell.language")}
      value={i18n.language as Language}
      options={languages.map((value) => ({ value, label: languageNames[value] }))}
      onValue={chooseLanguage}
    />
  );
}

function ThemeMenu() {
  const { t } = useTranslation();
  const choice = useThemeChoice();
  return (
    <MenuChoice<ThemeChoice>
      label={t("shell.theme")}
      value={choice}
      options={[
        { value: "light", label: t("shell.light"), icon: "sun" },
        { value: "dark", label: t("shell.dark"), icon: "moon" },
        { value: "system", label: t("shell.system"), icon: "monitor" },
      ]}
      onValue={chooseTheme}
    />
  );
}

function UserMenu({ narrow }: { narrow: boolean }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const navigate = useNavigate();
  const fail = useFailureToast();
  const { data: session } = useSuspenseQuery(sessionQuery);
  const leave = async () => {
    try {
      await signOut(client);
      navigate({ to: "/signin" });
    } catch (error) {
      fail(error);
    }
  };
  return (
    <Menu
      trigger={
        <button type="button" className={styles.avatar} aria-label={t("shell.account")}>
          {session.user.name.slice(0, 1).toUpperCase()}
        </button>
      }
    >
      <MenuLabel>
        <strong>{session.user.name}</strong>
        {session.user.email && <div>{session.user.email}</div>}
      </MenuLabel>
      <MenuLine />
      {narrow && (
        <>
          <LanguageChoice />
          <ThemeMenu />
          <MenuLine />
        </>
      )}
      <MenuItem icon="key" onSelect={() => navigate({ to: "/authorize" })}>
        {t("shell.authorize")}
      </MenuItem>
      <MenuItem icon="settings" onSelect={() => navigate({ to: "/settings" })}>
        {t("shell.settings")}
      </MenuItem>
      <MenuLine />
      <MenuItem icon="signOut" onSelect={leave}>
        {t("shell.signOut")}
      </MenuItem>
    </Menu>
  );
}

function RunName({ entity, project, run }: Required<Place>) {
  const { data } = useQuery(runQuery(entity, project, run));
  return (
    <span className="truncate" aria-current="page" title={run}>
      {data?.display_name ?? run}
    </span>
  );
}

/** Which page of calls stands above the one whose path begins so. */
const PAGES_OF_CALLS: Record<string, "traces" | "threads" | "evaluations" | undefined> = {
  traces: "traces",
  threads: "threads",
  evaluations: "evaluations",
  comparison: "evaluations",
};

function Breadcrumb({ place }: { place: Place }) {
  const { t } = useTranslation();
  const path = useRouterState({ select: (state) => state.location.pathname });
  const { entity, project, run } = place;
  if (!entity || !project) {
    const page =
      path === "/settings"
        ? t("shell.settings")
        : path === "/authorize"
          ? t("shell.authorize")
          : null;
    return (
      <nav className={styles.crumbs} aria-label={t("shell.breadcrumb")}>
        {page ? <span aria-current="page">{page}</span> : <RegistryCrumbs />}
      </nav>
    );
  }
  const params = { entity, project };
  const base = `/${encodeURIComponent(entity)}/${encodeURIComponent(project)}`;
  const inRuns = path.startsWith(`${base}/runs`);
  const [first = ""] = path.startsWith(`${base}/`) ? path.slice(base.length + 1).split("/") : [];
  const tracing = PAGES_OF_CALLS[first];
  return (
    <nav className={styles.crumbs} aria-label={t("shell.breadcrumb")}>
      <span className={styles.entity}>{entity}</span>
      <i className={styles.slash}>/</i>
      <Link
        to="/$entity/$project"
        activeOptions={{ exact: true }}
        params={params}
        className="truncate"
        aria-current={path === base ? "page" : undefined}
      >
        {project}
      </Link>
      <ArtifactCrumbs entity={entity} project={project} />
      <ObjectCrumbs entity={entity} project={project} slash={<i className={styles.slash}>/</i>} />
      {tracing && (
        <>
          <i className={styles.slash}>/</i>
          <Link
            to={`${base}/${tracing}` as "/"}
            aria-current={path === `${base}/${tracing}` ? "page" : undefined}
          >
            {t(`shell.${tracing}`)}
          </Link>
        </>
      )}
      {inRuns && (
        <>
          <i className={styles.slash}>/</i>
          <Link
            to="/$entity/$project/runs"
            activeOptions={{ exact: true }}
            params={params}
            className={run ? styles.entity : ""}
            aria-current={run ? undefined : "page"}
          >
            {t("shell.runs")}
          </Link>
        </>
      )}
      {run && (
        <>
          <i className={`${styles.slash} ${styles.entity}`}>/</i>
          <RunName entity={entity} project={project} run={run} />
        </>
      )}
    </nav>
  );
}
