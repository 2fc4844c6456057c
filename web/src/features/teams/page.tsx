import { useMutation, useQuery, useQueryClient, useSuspenseQuery } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { sessionQuery } from "@/api/session";
import {
  addServiceAccount,
  invite,
  removeInvite,
  removeServiceAccount,
  removeTeamMember,
  setTeamMember,
  teamKeys,
  teamQuery,
} from "@/api/teams";
import type { Team, TeamRole } from "@/api/types";
import { Failure, useFailureToast, useMessageOf } from "@/features/failure";
import { useMissing } from "@/features/missing";
import { Moment } from "@/features/moment";
import { NewKey } from "@/features/session/keys";
import { usePageTitle } from "@/features/title";
import { Button, IconButton } from "@/ui/button";
import { Dialog, DialogActions } from "@/ui/dialog";
import { Field, Input, Select } from "@/ui/field";
import { Icon } from "@/ui/icon";
import { Blank, Card, Page, PageHead, Scroll } from "@/ui/page";
import { SkeletonRows } from "@/ui/states";
import styles from "./teams.module.css";

const roles: readonly TeamRole[] = ["admin", "member", "viewer"];

/** Who is in a team, who is invited, and its accounts for machines. */
export function TeamPage() {
  const { t } = useTranslation();
  const { team: name = "" } = useParams({ strict: false }) as Record<string, string>;
  const query = useQuery(teamQuery(name));
  const missing = useMissing(query, name);
  usePageTitle(name, t("settings.title"));
  if (missing) {
    return (
      <Blank icon="search" title={t("teams.notFound", { name })}>
        {t("registry.notFoundText")}
      </Blank>
    );
  }
  if (query.isPending) return <SkeletonRows rows={8} label={t("common.loading")} />;
  if (query.isError && !query.data) {
    return <Failure title={t("teams.error")} error={query.error} onRetry={query.refetch} />;
  }
  return <Body team={query.data} />;
}

function Body({ team }: { team: Team }) {
  const { t } = useTranslation();
  const { data: session } = useSuspenseQuery(sessionQuery);
  const client = useQueryClient();
  const fail = useFailureToast();
  const canChange =
    session.user.admin ||
    session.entities.some((one) => one.name === team.name && one.role === "admin");
  const act = useMutation({
    mutationFn: (action: () => Promise<unknown>) => action(),
    onSuccess: () => client.invalidateQueries({ queryKey: teamKeys.one(team.name) }),
    onError: fail,
  });
  return (
    <Page>
      <PageHead title={<h1>{t("teams.title", { name: team.name })}</h1>} />
      <Scroll>
        <Card title={t("registry.tab.members")} count={team.members.length}>
          <ul className={styles.list}>
            {team.members.map((member) => (
              <li key={member.user}>
                <Icon name="user" size={15} />
                <span className="truncate">
                  {member.user} <span className="muted">{member.email}</span>
                </span>
                <Select
                  label={t("members.roleOf", { name: member.user })}
                  value={member.role}
                  disabled={!canChange}
                  onChange={(event) => {
                    const role = event.target.value as TeamRole;
                    act.mutate(() => setTeamMember(team.name, member.user, role));
                  }}
                >
                  {roles.map((role) => (
                    <option key={role} value={role}>
                      {t(`members.role.${role}`)}
                    </option>
                  ))}
                </Select>
                {(canChange || member.user === session.user.name) && (
                  <IconButton
                    icon="close"
                    size="s"
                    label={t("members.remove", { name: member.user })}
                    onClick={() => act.mutate(() => removeTeamMember(team.name, member.user))}
                  />
                )}
              </li>
            ))}
          </ul>
          {canChange ? (
            <Invite team={team.name} />
          ) : (
            <p className="muted">{t("members.adminsOnly")}</p>
          )}
        </Card>
        {team.invites.length > 0 && (
          <Card title={t("teams.invites")} count={team.invites.length}>
            <ul className={styles.list}>
              {team.invites.map((one) => (
                <li key={one.id}>
                  <Icon name="clock" size={15} />
                  <span className="truncate">
                    {one.email}{" "}
                    <span className="muted">{t(`members.role.${one.role as TeamRole}`)}</span>
                  </span>
                  <span className="muted">
                    <Moment at={one.created_at} />
                  </span>
                  {canChange && (
                    <IconButton
                      icon="close"
                      size="s"
                      label={t("teams.takeBack", { name: one.email })}
                      onClick={() => act.mutate(() => removeInvite(team.name, one.id))}
                    />
                  )}
                </li>
              ))}
            </ul>
          </Card>
        )}
        <ServiceAccounts
          team={team}
          canChange={canChange}
          onRemove={(name) => act.mutate(() => removeServiceAccount(team.name, name))}
        />
      </Scroll>
    </Page>
  );
}

function Invite({ team }: { team: string }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const messageOf = useMessageOf();
  const [who, setWho] = useState("");
  const [role, setRole] = useState<TeamRole>("member");
  const add = useMutation({
    mutationFn: () => {
      const name = who.trim();
      return invite(team, name.includes("@") ? { email: name } : { user: name }, role);
    },
    onSuccess: () => {
      setWho("");
      return client.invalidateQueries({ queryKey: teamKeys.one(team) });
    },
  });
  return (
    <form
      className={styles.add}
      onSubmit={(event) => {
        event.preventDefault();
        add.mutate();
      }}
    >
      <Field label={t("teams.who")} error={add.isError ? messageOf(add.error) : null}>
        {(id) => (
          <Input
            id={id}
            value={who}
            invalid={add.isError}
            onChange={(event) => setWho(event.target.value)}
          />
        )}
      </Field>
      <Select
        label={t("members.roleLabel")}
        value={role}
        onChange={(event) => setRole(event.target.value as TeamRole)}
      >
        {roles.map((one) => (
          <option key={one} value={one}>
            {t(`members.role.${one}`)}
          </option>
        ))}
      </Select>
      <Button type="submit" variant="primary" busy={add.isPending} disabled={who.trim() === ""}>
        {t("members.add")}
      </Button>
    </form>
  );
}

function ServiceAccounts({
  team,
  canChange,
  onRemove,
}: {
  team: Team;
  canChange: boolean;
  onRemove: (name: string) => void;
}) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const fail = useFailureToast();
  const [open, setOpen] = useState(false);
  const [name, setName] = useState("");
  const add = useMutation({
    mutationFn: () => addServiceAccount(team.name, name.trim()),
    onSuccess: () => client.invalidateQueries({ queryKey: teamKeys.one(team.name) }),
    onError: fail,
  });
  const close = (next: boolean) => {
    setOpen(next);
    if (!next) {
      add.reset();
      setName("");
    }
  };
  return (
    <Card
      title={t("teams.service")}
      count={team.service_accounts.length}
      actions={
        canChange && (
          <Button icon="plus" size="s" onClick={() => setOpen(true)}>
            {t("teams.newService")}
          </Button>
        )
      }
    >
      <p className="muted">{t("teams.serviceLead")}</p>
      <ul className={styles.list}>
        {team.service_accounts.map((account) => (
          <li key={account}>
            <Icon name="key" size={15} />
            <span className="truncate">{account}</span>
            <span />
            {canChange && (
              <IconButton
                icon="close"
                size="s"
                label={t("members.remove", { name: account })}
                onClick={() => onRemove(account)}
              />
            )}
          </li>
        ))}
      </ul>
      <Dialog
        open={open}
        onOpen={close}
        title={t("teams.newService")}
        closeLabel={t("common.close")}
      >
        {add.data ? (
          <div className={styles.form}>
            <p>{add.data.name}</p>
            <NewKey secret={add.data.api_key} />
          </div>
        ) : (
          <form
            className={styles.form}
            onSubmit={(event) => {
              event.preventDefault();
              add.mutate();
            }}
          >
            <Field label={t("settings.keyName")}>
              {(id) => (
                <Input
                  id={id}
                  autoFocus
                  value={name}
                  placeholder={t("settings.keyPlaceholder")}
                  onChange={(event) => setName(event.target.value)}
                />
              )}
            </Field>
            <DialogActions>
              <Button onClick={() => close(false)}>{t("common.cancel")}</Button>
              <Button
                type="submit"
                variant="primary"
                busy={add.isPending}
                disabled={name.trim() === ""}
              >
                {t("settings.create")}
              </Button>
            </DialogActions>
          </form>
        )}
      </Dialog>
    </Card>
  );
}
