import { Outlet, useNavigate, useParams, useRouterState } from "@tanstack/react-router";
import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { live } from "@/api/stream";
import { ChartEnvironment } from "@/charts/environment";
import { artifactsHref } from "@/lib/artifact-links";
import type { Language } from "@/lib/i18n";
import { Drawer } from "@/ui/dialog";
import { useNarrow } from "@/ui/use-media";
import { useShortcuts } from "@/ui/use-shortcuts";
import { HelpDialog } from "./help";
import { LiveInterest } from "./live-interest";
import { Palette } from "./palette";
import styles from "./shell.module.css";
import { Sidebar } from "./sidebar";
import { TopBar } from "./topbar";

const STORAGE_KEY = "kiseki.sidebar";

/** Puts the cursor into the page's search field. */
function focusSearch() {
  document.querySelector<HTMLInputElement>("main [data-search] input")?.focus();
}

const depthOf = (path: string) => path.split("/").filter(Boolean).length;

export interface Place {
  entity?: string;
  project?: string;
  run?: string;
}

/** What is around every page: top bar, sidebar, palette and keys. */
export function Shell() {
  const { t, i18n } = useTranslation();
  const navigate = useNavigate();
  const params = useParams({ strict: false }) as Place;
  // An address without a page is nowhere, however much its beginning looks like a project's.
  const lost = useRouterState({
    select: ({ matches, location, resolvedLocation = location }) => {
      const depth = depthOf(matches.at(-1)?.pathname ?? "/");
      return depth < depthOf(location.pathname) && depth < depthOf(resolvedLocation.pathname);
    },
  });
  const { entity, project, run } = lost ? ({} as Place) : params;
  const path = useRouterState({ select: (state) => state.location.pathname });
  const narrow = useNarrow();
  const [wide, setWide] = useState(() => localStorage.getItem(STORAGE_KEY) === "wide");
  const [menuOpen, setMenuOpen] = useState(false);
  const [paletteOpen, setPaletteOpen] = useState(false);
  const [helpOpen, setHelpOpen] = useState(false);
  const place: Place = { entity, project, run };

  useEffect(() => {
    live.start();
    return () => live.stop();
  }, []);

  useShortcuts({ "mod+k": () => setPaletteOpen(true) }, { overDialogs: true });
  useShortcuts({
    "?": () => setHelpOpen(true),
    "/": focusSearch,
    "g p": () => navigate({ to: "/" }),
    "g s": () => navigate({ to: "/settings" }),
    "g e": () => navigate({ to: "/registry" as "/" }),
    ...(entity && project
      ? {
          "g w": () => navigate({ to: "/$entity/$project", params: { entity, project } }),
          "g r": () => navigate({ to: "/$entity/$project/runs", params: { entity, project } }),
          "g a": () => navigate({ to: artifactsHref({ entity, project }) as "/" }),
          "g v": () =>
            navigate({ to: "/$entity/$project/evaluations", params: { entity, project } }),
          "g d": () => navigate({ to: "/$entity/$project/threads", params: { entity, project } }),
          "g o": () => navigate({ to: "/$entity/$project/assets", params: { entity, project } }),
          "g t": () => navigate({ to: "/$entity/$project/traces", params: { entity, project } }),
        }
      : {}),
  });

  // biome-ignore lint/correctness/useExhaustiveDependencies: every new page closes the menu
  useEffect(() => setMenuOpen(false), [path]);

  const toggle = () => {
    localStorage.setItem(STORAGE_KEY, wide ? "narrow" : "wide");
    setWide(!wide);
  };

  return (
    <div className={styles.shell}>
      <a href="#content" className={styles.skip}>
        {t("shell.skip")}
      </a>
      <TopBar
        place={place}
        narrow={narrow}
        onMenu={() => setMenuOpen(true)}
        onPalette={() => setPaletteOpen(true)}
      />
      <div className={styles.below}>
        {!narrow && (
          <Sidebar place={place} wide={wide} onToggle={toggle} onHelp={() => setHelpOpen(true)} />
        )}
        <main id="content" className={styles.main} tabIndex={-1}>
          <ChartEnvironment locale={i18n.language as Language}>
            <Outlet />
          </ChartEnvironment>
        </main>
      </div>
      <Drawer
        open={menuOpen}
        onOpen={setMenuOpen}
        side="left"
        width={264}
        title={t("shell.menu")}
        closeLabel={t("common.close")}
      >
        <Sidebar place={place} wide />
      </Drawer>
      <Palette open={paletteOpen} onOpen={setPaletteOpen} place={place} />
      <LiveInterest place={place} />
      <HelpDialog open={helpOpen} onOpen={setHelpOpen} />
    </div>
  );
}
