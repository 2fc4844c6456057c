import { Link, useRouterState } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { IconButton } from "@/ui/button";
import type { IconName } from "@/ui/icon";
import { Icon } from "@/ui/icon";
import { Tip } from "@/ui/tooltip";
import type { Place } from "./shell";
import styles from "./shell.module.css";

interface Item {
  to: string;
  icon: IconName;
  label: string;
  hint?: string;
  active: boolean;
}

/** Pages of the application, and of the project that one is in. */
export function Sidebar({
  place,
  wide,
  onToggle,
  onHelp,
}: {
  place: Place;
  wide: boolean;
  onToggle?: () => void;
  onHelp?: () => void;
}) {
  const { t } = useTranslation();
  const path = useRouterState({ select: (state) => state.location.pathname });
  const base =
    place.entity && place.project
      ? `/${encodeURIComponent(place.entity)}/${encodeURIComponent(place.project)}`
      : null;
  const top: Item[] = [
    { to: "/", icon: "projects", label: t("shell.projects"), hint: "g p", active: path === "/" },
    {
      to: "/registry",
      icon: "registry",
      label: t("shell.registry"),
      hint: "g e",
      active: path === "/registry" || path.startsWith("/orgs/"),
    },
  ];
  const inProject: Item[] = base
    ? [
        {
          to: base,
          icon: "chart",
          label: t("shell.workspace"),
          hint: "g w",
          active: path === base,
        },
        {
          to: `${base}/runs`,
          icon: "table",
          label: t("shell.runs"),
          hint: "g r",
          active: path.startsWith(`${base}/runs`),
        },
        {
          to: `${base}/traces`,
          icon: "branch",
          label: t("shell.traces"),
          hint: "g t",
          active: path.startsWith(`${base}/traces`),
        },
        {
          to: `${base}/evaluations`,
          icon: "star",
          label: t("shell.evaluations"),
          hint: "g v",
          active: path.startsWith(`${base}/evaluations`) || path === `${base}/comparison`,
        },
        {
          to: `${base}/threads`,
          icon: "chat",
          label: t("shell.threads"),
          hint: "g d",
          active: path.startsWith(`${base}/threads`),
        },
        {
          to: `${base}/assets`,
          icon: "layers",
          label: t("shell.assets"),
          hint: "g o",
          active: path.startsWith(`${base}/assets`),
        },
        {
          to: `${base}/artifacts`,
          icon: "box",
          label: t("shell.artifacts"),
          hint: "g a",
          active: path.startsWith(`${base}/artifacts`) || path === `${base}/lineage`,
        },
        {
          to: `${base}/settings`,
          icon: "sliders",
          label: t("shell.projectSettings"),
          active: path === `${base}/settings`,
        },
      ]
    : [];
  const bottom: Item[] = [
    {
      to: "/settings",
      icon: "settings",
      label: t("shell.settings"),
      hint: "g s",
      active: path.startsWith("/settings"),
    },
  ];
  return (
    <nav className={styles.sidebar} data-wide={wide || undefined}>
      {top.map((item) => (
        <Entry key={item.to} item={item} wide={wide} />
      ))}
      {base && (
        <>
          <div className={styles.group}>
            {wide && <span className="truncate">{place.project}</span>}
          </div>
          {inProject.map((item) => (
            <Entry key={item.to} item={item} wide={wide} />
          ))}
        </>
      )}
      <span className={styles.grow} />
      {bottom.map((item) => (
        <Entry key={item.to} item={item} wide={wide} />
      ))}
      {onToggle && (
        <div className={styles.tools}>
          {onHelp && <IconButton icon="help" label={t("shell.help")} hint="?" onClick={onHelp} />}
          <IconButton
            icon="sidebar"
            label={wide ? t("shell.collapse") : t("shell.expand")}
            onClick={onToggle}
          />
        </div>
      )}
    </nav>
  );
}

function Entry({ item, wide }: { item: Item; wide: boolean }) {
  const link = (
    <Link
      to={item.to as "/"}
      activeOptions={{ exact: true }}
      className={styles.entry}
      aria-current={item.active ? "page" : undefined}
      aria-label={wide ? undefined : item.label}
    >
      <Icon name={item.icon} size={17} />
      {wide && <span className="truncate">{item.label}</span>}
    </Link>
  );
  if (wide) return link;
  return (
    <Tip text={item.label} hint={item.hint} side="right">
      {link}
    </Tip>
  );
}
