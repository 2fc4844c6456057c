import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { lazy, Suspense, useState } from "react";
import { useTranslation } from "react-i18next";
import { callCountQuery } from "@/api/calls";
import type { ObjectAt } from "@/api/objects";
import { deleteVersion, markVersion, objectKeys, objectVersionQuery } from "@/api/objects";
import type { ObjectVersion, ObjectVersionDetail } from "@/api/types";
import { useCanWrite } from "@/features/artifacts/can-write";
import { Failure, useFailureToast } from "@/features/failure";
import { untilFound, useMissing } from "@/features/missing";
import { Moment } from "@/features/moment";
import { usePageTitle } from "@/features/title";
import { useParam } from "@/features/url";
import { objectHref, objectsHref } from "@/lib/object-links";
import type { Params } from "@/lib/view";
import { Button, buttonClass, IconButton } from "@/ui/button";
import { Alias } from "@/ui/chip";
import { Dialog, DialogActions } from "@/ui/dialog";
import { WordList } from "@/ui/editing";
import type { IconName } from "@/ui/icon";
import { Icon } from "@/ui/icon";
import { Menu, MenuItem } from "@/ui/menu";
import { Blank, Page, PageBody, PageHead, Scroll, Tabs } from "@/ui/page";
import { SkeletonRows } from "@/ui/states";
import { categoryIcons } from "./category";
import { ObjectCode } from "./code";
import { useLiveObjects } from "./live";
import { ObjectUse } from "./use";
import { ObjectValues } from "./values";
import { VersionPicker } from "./version-picker";

const Compare = lazy(() => import("./compare").then((m) => ({ default: m.CompareObjects })));
const Sheet = lazy(() => import("./sheet").then((m) => ({ default: m.DatasetSheet })));
const Prompt = lazy(() => import("./prompt").then((m) => ({ default: m.PromptEditor })));
const Calls = lazy(() => import("./calls").then((m) => ({ default: m.ObjectCalls })));

const Evaluations = lazy(() =>
  import("./evaluations").then((m) => ({ default: m.ObjectEvaluations })),
);

const icons = {
  rows: "table",
  prompt: "edit",
  code: "file",
  values: "sliders",
  use: "terminal",
  calls: "branch",
  evaluations: "star",
  compare: "compare",
} as const satisfies Record<string, IconName>;

type Tab = keyof typeof icons;

function tabsOf(version: ObjectVersionDetail): Tab[] {
  const { category } = version;
  const own: Tab[] =
    category === "dataset" && version.table !== null
      ? ["rows", "values"]
      : category === "prompt"
        ? ["prompt", "values"]
        : category === "op"
          ? ["code"]
          : ["values", "code"];
  const evaluated = category === "model" || category === "dataset";
  return [...own, "use", "calls", ...(evaluated ? (["evaluations"] as const) : []), "compare"];
}

/** One object: a version of it, what it holds, where it was used, and what changed. */
export function ObjectPage() {
  const { t } = useTranslation();
  const params = useParams({ from: "/inside/$entity/$project/assets/$kind/$name" });
  const { entity, project, name } = params;
  const at: ObjectAt = { entity, project, kind: params.kind === "op" ? "op" : "object", name };
  const [version] = useParam("version", "latest");
  const [asked] = useParam("tab");
  const found = useQuery({ ...objectVersionQuery(at, version), refetchInterval: untilFound });
  const missing = useMissing(found, `${entity}/${project}/${name}:${version}`);
  useLiveObjects(at);
  usePageTitle(name, project);
  if (missing && !found.data) {
    return (
      <Blank
        icon="search"
        title={t("objects.notFound", { name: `${name}:${version}` })}
        action={
          <Link to={objectsHref(entity, project) as "/"} className={buttonClass()}>
            {t("objects.showAll")}
          </Link>
        }
      >
        {t("objects.notFoundText")}
      </Blank>
    );
  }
  if (found.isPending) return <SkeletonRows rows={10} label={t("common.loading")} />;
  if (found.isError && !found.data) {
    return <Failure title={t("objects.error")} error={found.error} onRetry={found.refetch} />;
  }
  const detail = found.data;
  const tabs = tabsOf(detail);
  const tab = tabs.find((one) => one === asked) ?? tabs[0];
  return (
    <Page>
      <ObjectHead at={at} version={detail} />
      <ObjectTabs at={at} tabs={tabs} current={tab} />
      <PageBody>
        <Suspense fallback={<SkeletonRows label={t("common.loading")} />}>
          {tab === "rows" && <Sheet key={detail.digest} at={at} version={detail} />}
          {tab === "prompt" && <Prompt key={detail.digest} at={at} version={detail} />}
          {tab === "values" && (
            <Scroll>
              <ObjectValues version={detail} />
            </Scroll>
          )}
          {tab === "code" && <ObjectCode at={at} version={detail} />}
          {tab === "use" && <ObjectUse at={at} version={detail} />}
          {tab === "calls" && <Calls at={at} version={detail} />}
          {tab === "evaluations" && <Evaluations at={{ entity, project }} version={detail} />}
          {tab === "compare" && <Compare at={at} version={detail} />}
        </Suspense>
      </PageBody>
    </Page>
  );
}

function ObjectTabs({ at, tabs, current }: { at: ObjectAt; tabs: Tab[]; current?: Tab }) {
  const { t } = useTranslation();
  const { version } = useSearch({ strict: false }) as Params;
  return (
    <Tabs label={t("objects.parts")}>
      {tabs.map((one, index) => (
        <Link
          key={one}
          to={objectHref(at) as "/"}
          search={
            {
              ...(version ? { version } : {}),
              ...(index === 0 ? {} : { tab: one }),
            } as Params
          }
          activeOptions={{ exact: true }}
          aria-current={one === current ? "page" : undefined}
        >
          <Icon name={icons[one]} size={15} />
          {t(`objects.tab.${one}`)}
        </Link>
      ))}
    </Tabs>
  );
}

function ObjectHead({ at, version }: { at: ObjectAt; version: ObjectVersionDetail }) {
  const { t } = useTranslation();
  const canWrite = useCanWrite(at);
  const [deleting, setDeleting] = useState(false);
  const mark = useMarks(at, version);
  const aliases = version.aliases.filter((alias) => alias !== "latest");
  return (
    <PageHead
      title={
        <>
          <Icon name={categoryIcons[version.category]} size={18} />
          <h1 className="truncate" title={version.name}>
            {version.name}
          </h1>
          <VersionPicker at={at} version={version} />
        </>
      }
      actions={
        canWrite && (
          <Menu trigger={<IconButton icon="more" label={t("common.more")} />}>
            <MenuItem icon="trash" danger onSelect={() => setDeleting(true)}>
              {t("objects.deleteVersion", { version: `v${version.index}` })}
            </MenuItem>
          </Menu>
        )
      }
      marks={
        <>
          <span>{version.leaf_class ?? t(`objects.one.${version.category}`)}</span>
          <CallCount at={at} version={version} />
          <span>
            {version.user} · <Moment at={version.created_at} />
          </span>
          <WordList
            words={version.latest ? ["latest", ...aliases] : aliases}
            addLabel={t("artifacts.addAlias")}
            removeLabel={(alias) => t("artifacts.removeAlias", { alias })}
            onAdd={canWrite ? (alias) => mark({ aliases: [...aliases, alias] }) : undefined}
            onRemove={
              canWrite
                ? (alias) => mark({ aliases: aliases.filter((one) => one !== alias) })
                : undefined
            }
            show={(alias, remove) => (
              <Alias onRemove={alias === "latest" ? null : remove}>{alias}</Alias>
            )}
          />
          <WordList
            words={version.tags}
            addLabel={t("run.addTag")}
            removeLabel={(tag) => t("run.removeTag", { tag })}
            onAdd={canWrite ? (tag) => mark({ tags: [...version.tags, tag] }) : undefined}
            onRemove={
              canWrite
                ? (tag) => mark({ tags: version.tags.filter((one) => one !== tag) })
                : undefined
            }
          />
          {deleting && (
            <DeleteVersion at={at} version={version} onDone={() => setDeleting(false)} />
          )}
        </>
      }
    />
  );
}

function CallCount({ at, version }: { at: ObjectAt; version: ObjectVersionDetail }) {
  const { t } = useTranslation();
  const { entity, project } = at;
  const everything = { filter: "", roots: false, sort: "", since: null, until: null };
  const count = useQuery(callCountQuery(entity, project, { ...everything, ref: version.ref }));
  if (count.data === undefined) return null;
  return (
    <Link to={objectHref(at) as "/"} search={{ version: `v${version.index}`, tab: "calls" }}>
      {t("traces.total", { count: count.data })}
    </Link>
  );
}

function useMarks(at: ObjectAt, version: ObjectVersion) {
  const client = useQueryClient();
  const fail = useFailureToast();
  const { mutate } = useMutation({
    mutationFn: (marks: { tags?: string[]; aliases?: string[] }) =>
      markVersion(at, version.digest, marks),
    onSettled: () => client.invalidateQueries({ queryKey: objectKeys.project(at) }),
    onError: fail,
  });
  return mutate;
}

function DeleteVersion({
  at,
  version,
  onDone,
}: {
  at: ObjectAt;
  version: ObjectVersionDetail;
  onDone: () => void;
}) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const client = useQueryClient();
  const fail = useFailureToast();
  const remove = useMutation({
    mutationFn: () => deleteVersion(at, version.digest),
    onSuccess: async () => {
      await navigate({ to: objectsHref(at.entity, at.project) as "/" });
      client.removeQueries({ queryKey: objectKeys.one(at) });
      void client.invalidateQueries({ queryKey: objectKeys.project(at) });
    },
    onError: fail,
  });
  const name = `${version.name}:v${version.index}`;
  return (
    <Dialog
      open
      onOpen={(open) => !open && onDone()}
      title={t("objects.deleteTitle", { name })}
      closeLabel={t("common.close")}
    >
      <p>{t("objects.deleteText")}</p>
      <DialogActions>
        <Button onClick={onDone}>{t("common.cancel")}</Button>
        <Button variant="danger" busy={remove.isPending} onClick={() => remove.mutate()}>
          {t("common.delete")}
        </Button>
      </DialogActions>
    </Dialog>
  );
}
