import { Link, useParams, useRouterState } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { objectsHref } from "@/lib/object-links";

/** The way through the assets of a project, after its name. */
export function ObjectCrumbs({
  entity,
  project,
  slash,
}: {
  entity: string;
  project: string;
  slash: React.ReactNode;
}) {
  const { t } = useTranslation();
  const path = useRouterState({ select: (state) => state.location.pathname });
  const { name } = useParams({ strict: false }) as { name?: string };
  const top = objectsHref(entity, project);
  if (path !== top && !path.startsWith(`${top}/`)) return null;
  return (
    <>
      {slash}
      <Link
        to={top as "/"}
        activeOptions={{ exact: true }}
        aria-current={name ? undefined : "page"}
      >
        {t("shell.assets")}
      </Link>
      {name && (
        <>
          {slash}
          <span className="truncate" aria-current="page">
            {name}
          </span>
        </>
      )}
    </>
  );
}
