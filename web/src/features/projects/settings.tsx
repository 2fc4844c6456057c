import { useMutation, useQuery, useQueryClient, useSuspenseQuery } from "@tanstack/react-query";
import { useNavigate, useParams } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { ProjectChange } from "@/api/projects";
import {
  changeProject,
  deleteProject,
  projectKeys,
  projectMembersQuery,
  projectQuery,
  removeProjectMember,
  setProjectMember,
} from "@/api/projects";
import { sessionQuery } from "@/api/session";
import type { Project } from "@/api/types";
import { Failure, useFailureToast } from "@/features/failure";
import { MemberList } from "@/features/members/list";
import { MissingProject, useMissing } from "@/features/missing";
import { usePageTitle } from "@/features/title";
import { projectSettingsHref } from "@/lib/artifact-links";
import { Button } from "@/ui/button";
import { Dialog, DialogActions } from "@/ui/dialog";
import { Field, Input, Segmented } from "@/ui/field";
import { Card, Page, PageHead, Scroll } from "@/ui/page";
import { Notice, SkeletonRows } from "@/ui/states";
import { toast } from "@/ui/toast";
import styles from "./projects.module.css";

/** What a project is called, who sees it, and who may do what. */
export function ProjectSettingsPage() {
  const { t } = useTranslation();
  const params = useParams({ strict: false }) as Record<string, string>;
  const { entity = "", project: name = "" } = params;
  const query = useQuery(projectQuery(entity, name));
  const missing = useMissing(query, `${entity}/${name}`);
  usePageTitle(t("projectSettings.title"), name);
  if (missing) return <MissingProject entity={entity} project={name} />;
  if (query.isPending) return <SkeletonRows rows={8} label={t("common.loading")} />;
  if (query.isError && !query.data) {
    return <Failure title={t("projects.error")} error={query.error} onRetry={query.refetch} />;
  }
  return (
    <Page>
      <PageHead title={<h1>{t("projectSettings.title")}</h1>} />
      <Scroll>
        <Body key={query.data.name} project={query.data} />
      </Scroll>
    </Page>
  );
}

/** Whether the caller administers the project, as far as the page can tell. */
function useAdministers(project: Project): boolean {
  const { data: session } = useSuspenseQuery(sessionQuery);
  const members = useQuery(projectMembersQuery(project.entity, project.name));
  const own = session.entities.find((one) => one.name === project.entity);
  const named = members.data?.some(
    (one) => one.kind === "user" && one.name === session.user.name && one.role === "admin",
  );
  return session.user.admin || own?.role === "admin" || named === true;
}

function Body({ project }: { project: Project }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const navigate = useNavigate();
  const fail = useFailureToast();
  const { entity, name } = project;
  const canChange = useAdministers(project);
  const members = useQuery(projectMembersQuery(entity, name));
  const [draft, setDraft] = useState({ name, description: project.description });
  const [deleting, setDeleting] = useState(false);
  const change = useMutation({
    mutationFn: (part: ProjectChange) => changeProject(entity, name, part),
    onSuccess: async (changed) => {
      client.setQueryData(projectKeys.one(entity, changed.name), changed);
      if (changed.name !== name) {
        const to = projectSettingsHref({ entity, project: changed.name });
        await navigate({ to: to as "/", replace: true });
      }
      void client.invalidateQueries({ queryKey: projectKeys.all });
      toast(t("registry.saved"));
    },
    onError: fail,
  });
  const refetch = () => client.invalidateQueries({ queryKey: projectKeys.one(entity, name) });
  const isSame = draft.name.trim() === name && draft.description === project.description;
  return (
    <>
      {!canChange && <Notice>{t("members.adminsOnly")}</Notice>}
      <Card title={t("registry.general")}>
        <form
          className={styles.settings}
          onSubmit={(event) => {
            event.preventDefault();
            change.mutate({ name: draft.name.trim(), description: draft.description });
          }}
        >
          <Field label={t("projects.name")} hint={t("projectSettings.nameHint")}>
            {(id) => (
              <Input
                id={id}
                value={draft.name}
                disabled={!canChange}
                onChange={(event) => setDraft({ ...draft, name: event.target.value })}
              />
            )}
          </Field>
          <Field label={t("projects.description")}>
            {(id) => (
              <Input
                id={id}
                value={draft.description}
                disabled={!canChange}
                onChange={(event) => setDraft({ ...draft, description: event.target.value })}
              />
            )}
          </Field>
          <div>
            <Button
              type="submit"
              variant="primary"
              busy={change.isPending}
              disabled={!canChange || isSame || draft.name.trim() === ""}
            >
              {t("common.save")}
            </Button>
          </div>
        </form>
      </Card>
      <Card title={t("registry.visibility")}>
        <p className="muted">{t(`projectSettings.seen.${project.visibility}`)}</p>
        <fieldset className={styles.plain} disabled={!canChange}>
          <Segmented<Project["visibility"]>
            label={t("registry.visibility")}
            value={project.visibility}
            options={(["private", "organization", "internal"] as const).map((value) => ({
              value,
              label: t(`projectSettings.visible.${value}`),
            }))}
            onValue={(visibility) => change.mutate({ visibility })}
          />
        </fieldset>
      </Card>
      <MemberList
        title={t("projectSettings.members")}
        lead={t("projectSettings.membersLead")}
        members={members}
        roles={["admin", "member", "viewer"]}
        canChange={canChange}
        onSet={(member, role) => setProjectMember(entity, name, member, role).then(refetch)}
        onRemove={(member) => removeProjectMember(entity, name, member).then(refetch)}
      />
      <Card title={t("common.delete")}>
        <p className="muted">{t("projectSettings.deleteText")}</p>
        <div>
          <Button
            variant="danger"
            icon="trash"
            disabled={!canChange}
            onClick={() => setDeleting(true)}
          >
            {t("projectSettings.delete")}
          </Button>
        </div>
      </Card>
      <DeleteProject project={project} open={deleting} onOpen={setDeleting} />
    </>
  );
}

function DeleteProject({
  project: { entity, name, runs },
  open,
  onOpen,
}: {
  project: Project;
  open: boolean;
  onOpen: (open: boolean) => void;
}) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const navigate = useNavigate();
  const fail = useFailureToast();
  const [typed, setTyped] = useState("");
  const remove = useMutation({
    mutationFn: () => deleteProject(entity, name),
    onSuccess: async () => {
      await navigate({ to: "/" });
      client.removeQueries({ queryKey: projectKeys.one(entity, name) });
      void client.invalidateQueries({ queryKey: projectKeys.all });
    },
    onError: fail,
  });
  return (
    <Dialog
      open={open}
      onOpen={onOpen}
      title={t("artifacts.deleteCollectionTitle", { name })}
      closeLabel={t("common.close")}
    >
      <form
        className={styles.form}
        onSubmit={(event) => {
          event.preventDefault();
          remove.mutate();
        }}
      >
        <p>
          {t("projects.runs", { count: runs })}. {t("projectSettings.deleteText")}
        </p>
        <Field label={t("artifacts.typeName", { name })}>
          {(id) => (
            <Input
              id={id}
              autoFocus
              value={typed}
              onChange={(event) => setTyped(event.target.value)}
            />
          )}
        </Field>
        <DialogActions>
          <Button onClick={() => onOpen(false)}>{t("common.cancel")}</Button>
          <Button
            type="submit"
            variant="danger"
            icon="trash"
            busy={remove.isPending}
            disabled={typed !== name}
          >
            {t("common.delete")}
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  );
}
