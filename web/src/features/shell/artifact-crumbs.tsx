import { Link, useParams, useRouterState } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import {
  artifactsHref,
  collectionHref,
  lineageHref,
  projectSettingsHref,
} from "@/lib/artifact-links";
import styles from "./shell.module.css";

const Slash = () => <i className={styles.slash}>/</i>;

/** The way through the artifacts of a project, after its name. */
export function ArtifactCrumbs({ entity, project }: { entity: string; project: string }) {
  const { t } = useTranslation();
  const path = useRouterState({ select: (state) => state.location.pathname });
  const params = useParams({ strict: false }) as Record<string, string | undefined>;
  const home = { entity, project };
  const top = artifactsHref(home);
  const alone =
    path === lineageHref(home)
      ? t("lineage.title")
      : path === projectSettingsHref(home)
        ? t("shell.settings")
        : null;
  if (alone) {
    return (
      <>
        <Slash />
        <span aria-current="page">{alone}</span>
      </>
    );
  }
  if (path !== top && !path.startsWith(`${top}/`)) return null;
  const { type, collection, version } = params;
  return (
    <>
      <Slash />
      <Link
        to={top as "/"}
        activeOptions={{ exact: true }}
        className={collection ? styles.entity : ""}
        aria-current={collection ? undefined : "page"}
      >
        {t("shell.artifacts")}
      </Link>
      {type && collection && (
        <>
          <i className={`${styles.slash} ${styles.entity}`}>/</i>
          <Link
            to={collectionHref(home, type, collection) as "/"}
            activeOptions={{ exact: true }}
            className="truncate"
            aria-current={version ? undefined : "page"}
          >
            {collection}
          </Link>
        </>
      )}
      {version && (
        <>
          <Slash />
          <span aria-current="page">{version}</span>
        </>
      )}
    </>
  );
}

/** The way from the registries to a version in one of them. */
export function RegistryCrumbs() {
  const { t } = useTranslation();
  const path = useRouterState({ select: (state) => state.location.pathname });
  const params = useParams({ strict: false }) as Record<string, string | undefined>;
  const { org, registry, collection, version } = params;
  if (path !== "/registry" && !(org && registry)) return null;
  const home = { entity: "", project: "", registry: { org: org ?? "", name: registry ?? "" } };
  return (
    <>
      <Link
        to={"/registry" as "/"}
        activeOptions={{ exact: true }}
        className={collection ? styles.entity : ""}
        aria-current={registry ? undefined : "page"}
      >
        {t("shell.registry")}
      </Link>
      {registry && (
        <>
          <i className={collection ? `${styles.slash} ${styles.entity}` : styles.slash}>/</i>
          <Link
            to={artifactsHref(home) as "/"}
            activeOptions={{ exact: true }}
            aria-current={collection ? undefined : "page"}
          >
            {registry}
          </Link>
        </>
      )}
      {collection && (
        <>
          <Slash />
          <Link
            to={collectionHref(home, "", collection) as "/"}
            activeOptions={{ exact: true }}
            className="truncate"
            aria-current={version ? undefined : "page"}
          >
            {collection}
          </Link>
        </>
      )}
      {version && (
        <>
          <Slash />
          <span aria-current="page">{version}</span>
        </>
      )}
    </>
  );
}
