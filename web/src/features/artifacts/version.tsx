import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useParams } from "@tanstack/react-router";
import { lazy, Suspense, useState } from "react";
import { useTranslation } from "react-i18next";
import type { VersionAt } from "@/api/artifacts";
import { versionQuery, versionsQuery } from "@/api/artifacts";
import type { ArtifactVersion } from "@/api/types";
import { Failure } from "@/features/failure";
import { untilFound, useMissing } from "@/features/missing";
import { Moment } from "@/features/moment";
import { usePageTitle } from "@/features/title";
import type { ArtifactHome } from "@/lib/artifact-links";
import { collectionHref, versionHref } from "@/lib/artifact-links";
import { formatBytes } from "@/lib/format";
import type { Params } from "@/lib/view";
import { Button, IconButton } from "@/ui/button";
import { Tag } from "@/ui/chip";
import { Select } from "@/ui/field";
import type { IconName } from "@/ui/icon";
import { Icon } from "@/ui/icon";
import { Menu, MenuItem } from "@/ui/menu";
import { Blank, Page, PageBody, PageHead, Scroll, Tabs } from "@/ui/page";
import { SkeletonRows } from "@/ui/states";
import { useCanWrite } from "./can-write";
import { DeleteVersion } from "./delete-dialogs";
import { useHome } from "./home";
import { LinkDialog } from "./link-dialog";
import { useLiveArtifacts } from "./live";
import { UnlinkVersion } from "./unlink";
import styles from "./version.module.css";
import { placeOf, useCanChange, VersionMarks } from "./version-marks";
import { VersionOverview } from "./version-overview";

const Files = lazy(() => import("./files").then((m) => ({ default: m.VersionFiles })));
const Usage = lazy(() => import("./usage").then((m) => ({ default: m.VersionUsage })));
const Lineage = lazy(() =>
  import("@/features/lineage/panel").then((m) => ({ default: m.LineagePanel })),
);

const tabs = ["overview", "files", "usage", "lineage"] as const;
type Tab = (typeof tabs)[number];

const icons: Record<Tab, IconName> = {
  overview: "overview",
  files: "folder",
  usage: "terminal",
  lineage: "graph",
};

/** One version of an artifact. */
export function VersionPage() {
  const { t } = useTranslation();
  const home = useHome();
  const params = useParams({ strict: false }) as Record<string, string | undefined>;
  const { collection = "", version: ref = "" } = params;
  const tab = tabs.find((one) => one === params.tab) ?? "overview";
  const at: VersionAt = { entity: home.entity, project: home.project, collection, version: ref };
  const found = useQuery({ ...versionQuery(at), refetchInterval: untilFound });
  const missing = useMissing(found, `${home.entity}/${home.project}/${collection}/${ref}`);
  useLiveArtifacts(home);
  usePageTitle(`${collection}:${ref}`, home.registry?.name ?? home.project);

  if (missing) {
    return (
      <Blank icon="search" title={t("artifacts.notFound", { name: `${collection}:${ref}` })}>
        {t("artifacts.notFoundText")}
      </Blank>
    );
  }
  if (found.isPending) return <SkeletonRows rows={10} label={t("common.loading")} />;
  if (found.isError && !found.data) {
    return <Failure title={t("artifacts.error")} error={found.error} onRetry={found.refetch} />;
  }
  const version = found.data;
  return (
    <Page>
      <VersionHead home={home} version={version} tab={tab} />
      <Tabs label={t("artifacts.tabs")}>
        {tabs.map((one) => (
          <Link
            key={one}
            to={versionHref(home, version.type, collection, ref, one) as "/"}
            aria-current={one === tab ? "page" : undefined}
          >
            <Icon name={icons[one]} size={15} />
            {t(`artifacts.tab.${one}`)}
          </Link>
        ))}
      </Tabs>
      <PageBody>
        <Suspense fallback={<SkeletonRows label={t("common.loading")} />}>
          {tab === "files" ? (
            <Files version={version} />
          ) : tab === "usage" ? (
            <Usage version={version} />
          ) : tab === "lineage" ? (
            <Lineage home={home} start={{ version: `${collection}:v${version.index}` }} />
          ) : (
            <Scroll>
              <VersionOverview home={home} version={version} />
            </Scroll>
          )}
        </Suspense>
      </PageBody>
    </Page>
  );
}

function VersionHead({
  home,
  version,
  tab,
}: {
  home: ArtifactHome;
  version: ArtifactVersion;
  tab: Tab;
}) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const canWrite = useCanWrite(home);
  const canChange = useCanChange(version);
  const [dialog, setDialog] = useState<"delete" | "link" | "unlink" | null>(null);
  const { collection, type, index } = version;
  const list = collectionHref(home, type, collection);
  const close = () => setDialog(null);
  const isLink = version.source !== null;
  const compare: Params = {
    tab: "compare",
    a: `v${Math.max(0, index - 1)}`,
    b: `v${index}`,
  };
  return (
    <>
      <PageHead
        title={
          <>
            <Icon name={isLink ? "link" : "box"} size={18} />
            <h1 className="truncate">
              <Link to={list as "/"} className={styles.collection} title={collection}>
                {collection}
              </Link>
            </h1>
            <VersionChoice home={home} version={version} tab={tab} />
          </>
        }
        actions={
          <>
            <Button icon="compare" onClick={() => navigate({ to: list as "/", search: compare })}>
              {t("artifacts.compare")}
            </Button>
            <Button icon="link" onClick={() => setDialog("link")}>
              {t("artifacts.link")}
            </Button>
            {(canWrite || canChange) && (
              <Menu trigger={<IconButton icon="more" label={t("common.more")} />}>
                {isLink && canWrite && (
                  <MenuItem icon="close" onSelect={() => setDialog("unlink")}>
                    {t("artifacts.unlink")}
                  </MenuItem>
                )}
                {canChange && (
                  <MenuItem icon="trash" danger onSelect={() => setDialog("delete")}>
                    {t("artifacts.deleteVersion")}
                  </MenuItem>
                )}
              </Menu>
            )}
          </>
        }
        marks={
          <>
            <Tag>{type}</Tag>
            <span className="numeric">{formatBytes(version.size)}</span>
            <span className="numeric">
              {t("artifacts.fileCount", { count: version.file_count })}
            </span>
            <Moment at={version.committed_at ?? version.created_at} />
          </>
        }
      />
      <div className={styles.belowHead}>
        <VersionMarks home={home} version={version} />
      </div>
      <DeleteVersion
        version={version}
        open={dialog === "delete"}
        onOpen={close}
        onDeleted={() => navigate({ to: list as "/" })}
      />
      <UnlinkVersion
        at={placeOf(version)}
        open={dialog === "unlink"}
        onOpen={close}
        onDone={() => navigate({ to: list as "/" })}
      />
      <LinkDialog version={version} open={dialog === "link"} onOpen={close} />
    </>
  );
}

/** Which version is shown; the newest ones to choose from. */
function VersionChoice({
  home,
  version,
  tab,
}: {
  home: ArtifactHome;
  version: ArtifactVersion;
  tab: Tab;
}) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const { entity, project, collection, type, index } = version;
  const versions = useInfiniteQuery(versionsQuery({ entity, project, collection }));
  const listed = versions.data?.pages.flatMap((page) => page.items) ?? [];
  const items = listed.some((one) => one.index === index) ? listed : [version, ...listed];
  return (
    <Select
      label={t("artifacts.version")}
      className={styles.choice}
      value={String(index)}
      onChange={(event) =>
        navigate({
          to: versionHref(home, type, collection, Number(event.target.value), tab) as "/",
          search: true,
        })
      }
    >
      {items.map((one) => (
        <option key={one.index} value={one.index}>
          {[`v${one.index}`, ...one.aliases].join(" · ")}
        </option>
      ))}
    </Select>
  );
}
