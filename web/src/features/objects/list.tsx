import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import { objectListQuery } from "@/api/objects";
import { projectQuery } from "@/api/projects";
import type { ObjectInfo } from "@/api/types";
import { useCanWrite } from "@/features/artifacts/can-write";
import { Failure } from "@/features/failure";
import { MissingProject, useMissing } from "@/features/missing";
import { Moment } from "@/features/moment";
import { usePageTitle } from "@/features/title";
import { useParam } from "@/features/url";
import { objectHref, objectsHref } from "@/lib/object-links";
import type { Params } from "@/lib/view";
import { buttonClass } from "@/ui/button";
import { Alias, Count, Tag } from "@/ui/chip";
import { CodeBlock } from "@/ui/code";
import type { DataColumn } from "@/ui/data-table";
import { DataTable } from "@/ui/data-table";
import { SearchInput, Select } from "@/ui/field";
import { Icon } from "@/ui/icon";
import { Blank, Grow, Page, PageBody, Tabs, Toolbar } from "@/ui/page";
import { SkeletonRows } from "@/ui/states";
import { useDraft } from "@/ui/use-debounced";
import { categories, categoryIcons } from "./category";
import { useLiveObjects } from "./live";
import { NewDataset } from "./new-dataset";
import styles from "./objects.module.css";

/** What programs have published: ops, models, prompts, datasets and the rest. */
export function ObjectsPage() {
  const { t } = useTranslation();
  const { entity, project } = useParams({ from: "/inside/$entity/$project/assets" });
  const home = { entity, project };
  const [asked] = useParam("kind");
  const category = categories.find((one) => one === asked) ?? "";
  const [search, setSearch] = useParam("q");
  const [tag, setTag] = useParam("tag");
  const [sort, setSort] = useParam("sort", "-created_at");
  const [draft, setDraft] = useDraft(search, setSearch);
  const kept = useSearch({ strict: false }) as Params;
  const info = useQuery(projectQuery(entity, project));
  const missing = useMissing(info, `${entity}/${project}`);
  const found = useInfiniteQuery(objectListQuery(home, { category, search, tag, sort }));
  const canWrite = useCanWrite(home);
  useLiveObjects(home);
  usePageTitle(t("objects.title"), project);
  const items = useMemo(() => found.data?.pages.flatMap((page) => page.items) ?? [], [found.data]);
  const first = found.data?.pages[0];

  if (missing) return <MissingProject entity={entity} project={project} />;
  const narrowed = category !== "" || search !== "" || tag !== "";
  const counts = first?.counts;
  const body = () => {
    if (found.isPending) return <SkeletonRows rows={12} label={t("common.loading")} />;
    if (found.isError) {
      return <Failure title={t("objects.error")} error={found.error} onRetry={found.refetch} />;
    }
    if (items.length > 0) {
      return (
        <ObjectTable
          home={home}
          items={items}
          total={first?.total ?? items.length}
          sort={sort}
          onSort={setSort}
          hasMore={found.hasNextPage}
          loadMore={() => !found.isFetchingNextPage && void found.fetchNextPage()}
        />
      );
    }
    if (!narrowed) return <FirstObject entity={entity} project={project} />;
    return (
      <Blank
        icon={search || tag ? "search" : categoryIcons[category || "other"]}
        title={search || tag ? t("objects.noMatch") : t("objects.noneOfKind")}
        action={
          <Link to={objectsHref(entity, project) as "/"} className={buttonClass()}>
            {t("objects.showAll")}
          </Link>
        }
      >
        {search || tag ? t("objects.noMatchText") : t(`objects.how.${category || "other"}`)}
      </Blank>
    );
  };
  return (
    <Page>
      <h1 className="visually-hidden">{t("objects.title")}</h1>
      <Tabs label={t("objects.kinds")}>
        {(["", ...categories] as const).map((one) => {
          const count = counts
            ? one === ""
              ? Object.values(counts).reduce((sum, each) => sum + (each ?? 0), 0)
              : counts[one]
            : undefined;
          const { kind: _, ...rest } = kept;
          return (
            <Link
              key={one}
              to="."
              search={(one === "" ? rest : { ...rest, kind: one }) as Params}
              activeOptions={{ exact: true }}
              aria-current={one === category ? "page" : undefined}
            >
              {one !== "" && <Icon name={categoryIcons[one]} size={15} />}
              {one === "" ? t("common.all") : t(`objects.category.${one}`)}
              {count !== undefined && <Count>{count.toLocaleString()}</Count>}
            </Link>
          );
        })}
      </Tabs>
      <Toolbar>
        <div data-search className={styles.search}>
          <SearchInput
            label={t("objects.search")}
            placeholder={t("objects.search")}
            value={draft}
            onValue={setDraft}
          />
        </div>
        {((first?.tags.length ?? 0) > 0 || tag !== "") && (
          <Select
            label={t("objects.tag")}
            value={tag}
            onChange={(event) => setTag(event.target.value)}
          >
            <option value="">{t("objects.anyTag")}</option>
            {[...new Set([...(first?.tags ?? []), ...(tag ? [tag] : [])])].map((one) => (
              <option key={one}>{one}</option>
            ))}
          </Select>
        )}
        <Grow />
        {canWrite && (category === "dataset" || category === "") && <NewDataset home={home} />}
      </Toolbar>
      <PageBody>{body()}</PageBody>
    </Page>
  );
}

function ObjectTable({
  home,
  items,
  ...rest
}: {
  home: { entity: string; project: string };
  items: readonly ObjectInfo[];
  total: number;
  sort: string;
  onSort: (sort: string) => void;
  hasMore: boolean;
  loadMore: () => void;
}) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const { entity, project } = home;
  const columns = useMemo(
    (): DataColumn<ObjectInfo>[] => [
      {
        id: "name",
        label: t("objects.name"),
        width: 260,
        grow: true,
        sortable: true,
        cell: (item) => (
          <Link
            to={objectHref({ entity, project, kind: item.kind, name: item.name }) as "/"}
            className={styles.name}
          >
            <Icon name={categoryIcons[item.category]} size={15} />
            <span className="truncate" title={item.name}>
              {item.name}
            </span>
          </Link>
        ),
      },
      {
        id: "class",
        label: t("objects.class"),
        width: 150,
        cell: (item) => (
          <span className="truncate muted">
            {item.newest.leaf_class ?? t(`objects.one.${item.category}`)}
          </span>
        ),
      },
      {
        id: "newest",
        label: t("objects.newest"),
        width: 200,
        cell: (item) => (
          <>
            <span className={styles.index}>v{item.newest.index}</span>
            {item.newest.aliases
              .filter((alias) => alias !== "latest")
              .map((alias) => (
                <Alias key={alias}>{alias}</Alias>
              ))}
          </>
        ),
      },
      {
        id: "versions",
        label: t("objects.versions"),
        width: 100,
        numeric: true,
        cell: (item) => item.versions.toLocaleString(),
      },
      {
        id: "calls",
        label: t("objects.calls"),
        width: 100,
        numeric: true,
        cell: (item) => (item.calls === null ? "–" : item.calls.toLocaleString()),
      },
      {
        id: "tags",
        label: t("objects.tags"),
        width: 150,
        cell: (item) => item.newest.tags.map((tag) => <Tag key={tag}>{tag}</Tag>),
      },
      {
        id: "created_at",
        label: t("objects.published"),
        width: 140,
        sortable: true,
        cell: (item) => <Moment at={item.newest.created_at} />,
      },
    ],
    [entity, project, t],
  );
  return (
    <DataTable
      label={t("objects.title")}
      rows={items}
      columns={columns}
      rowId={(item) => `${item.kind}/${item.name}`}
      onOpen={(item) =>
        navigate({
          to: objectHref({ entity, project, kind: item.kind, name: item.name }) as "/",
        })
      }
      {...rest}
    />
  );
}

function FirstObject({ entity, project }: { entity: string; project: string }) {
  const { t } = useTranslation();
  return (
    <Blank icon="box" title={t("objects.emptyTitle")}>
      <p>{t("objects.emptyText")}</p>
      <div className={styles.first}>
        <CodeBlock
          label="weave"
          text={[
            `export WANDB_BASE_URL=${window.location.origin}`,
            "",
            "import weave",
            `weave.init("${entity}/${project}")`,
            'weave.publish(weave.StringPrompt("Answer {question}"), name="answer")',
            'weave.publish(weave.Dataset(name="questions", rows=[{"question": "…"}]))',
          ].join("\n")}
        />
      </div>
    </Blank>
  );
}
